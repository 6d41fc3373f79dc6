#!/usr/bin/env python3
"""Reads the fact base and the lists beside this file and says what is wrong with them. Standard library only.

    python3 models/data/check.py          prints counts, warnings and errors; exit code 1 when there is an error
    python3 models/data/check.py --json   prints all facts as JSON

`load()` is the parser: import it where the facts are needed.
"""
import collections
import json
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
FIELDS = ("source", "keywords", "why", "level")
MOST_WORDS, FEWEST_QUESTIONS, MOST_QUESTIONS = 36, 14, 24
FEWEST_MORE = 20
LEAST = {"out-of-domain.txt": 1000, "near-misses.txt": 500, "names.txt": 1500, "cities.txt": 600, "colours.txt": 80, "animals-and-things.txt": 200, "foods.txt": 120, "topics.txt": 120}


def load(folder=HERE / "facts"):
    """All facts, in the order of the files: dicts with id, file, answer, source, keywords, why, level, questions, more (further questions), other (by other authors)."""
    facts, problems = [], []
    for path in sorted(folder.glob("*.md")):
        fact = None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            line = line.rstrip()
            field = re.match(r"([a-z]+): (.+)$", line)
            if line.startswith("## "):
                fact = {"id": line[3:], "file": path.stem, "answer": "", "source": "", "keywords": [], "why": "", "level": "core", "questions": [], "more": [], "other": []}
                facts.append(fact)
            elif fact is None or line == "":
                continue
            elif line.startswith("- "):
                fact["questions"].append(line[2:])
            elif field and field[1] == "keywords":
                fact["keywords"] = [[word.strip() for word in group.split("|")] for group in field[2].split(";")]
            elif field and field[1] in FIELDS:
                fact[field[1]] = field[2]
            elif fact["answer"] == "":
                fact["answer"] = line
            else:
                problems.append(f"{path.name}:{number}: neither a field nor a question: {line}")
    known = {fact["id"]: fact for fact in facts}
    for kind, path in [(kind, path) for kind in ("more", "other") for path in sorted((HERE / f"{kind}-questions").glob("*.md"))]:
        fact = None
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if line.startswith("## "): fact = known.get(line[3:].strip())
            elif line.startswith("- ") and fact is not None: fact[kind].append(line[2:].rstrip())
            elif line and not line.startswith("# "): problems.append(f"{path.name}:{number}: neither a question nor the id of a fact: {line}")
    return facts, problems


def plain(question):
    """A question without case, punctuation and spacing: what a paraphrase must differ in."""
    return " ".join(re.findall(r"[a-z0-9._-]*[a-z0-9]", question.lower()))


def holds(answer, keywords):
    """Whether an answer has one word of every group: the measure of a right answer."""
    return all(any(word.lower() in answer.lower() for word in group) for group in keywords)


STOP = set("a an the is are was be do does did i my me you your of in on to for it its that this what which how why when can could would will there and or if with as at by from kafka".split())


def content(question):
    return frozenset(plain(question).split()) - STOP


def check():
    facts, errors = load()
    warnings = []
    ids = collections.Counter(fact["id"] for fact in facts)
    errors += [f"id twice: {name}" for name, times in ids.items() if times > 1]
    answers, seen, bags = {}, {}, {}
    for fact in facts:
        name, answer, questions = f'{fact["file"]}/{fact["id"]}', fact["answer"], fact["questions"]
        if not re.fullmatch(r"[a-z0-9-]+", fact["id"]): errors.append(f"{name}: id has other characters than a-z, 0-9 and -")
        for text in [answer, fact["why"]]:
            if len(text.split()) > MOST_WORDS: errors.append(f"{name}: {len(text.split())} words: {text}")
            if re.search(r" [.?!,']", text): errors.append(f"{name}: llama.cpp leaves out a space before a mark: {text}")
        if answer in answers: errors.append(f"{name}: same answer as {answers[answer]}")
        answers[answer] = name
        if not answer: errors.append(f"{name}: no answer")
        if fact["level"] not in ("basic", "core", "extra"): errors.append(f"{name}: level {fact['level']}")
        if not fact["source"]: errors.append(f"{name}: no source")
        if not 1 <= len(fact["keywords"]) <= 3: errors.append(f"{name}: {len(fact['keywords'])} keyword groups")
        if not holds(answer, fact["keywords"]): errors.append(f"{name}: its own answer lacks a keyword: {fact['keywords']}")
        if not FEWEST_QUESTIONS <= len(questions) <= MOST_QUESTIONS: errors.append(f"{name}: {len(questions)} questions")
        if len(fact["more"]) < FEWEST_MORE: errors.append(f"{name}: {len(fact['more'])} further questions")
        for text in [answer, fact["why"], *questions, *fact["more"], *fact["other"]]:
            if not text.isascii(): errors.append(f"{name}: not ASCII: {text}")
        for question in questions + fact["more"] + fact["other"]:
            key = plain(question)
            if key in seen: errors.append(f"{name}: question of {seen[key]} too: {question}")
            seen[key] = name
            bag = content(question)
            if fact["file"] == "persona": continue  # small talk is small words
            if bag and bags.get(bag, name) != name: warnings.append(f"{name}: nearly a question of {bags[bag]}: {question}")
            bags.setdefault(bag, name)
    for file, least in LEAST.items():
        path = HERE / file
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        doubles = [line for line, times in collections.Counter(line.lower() for line in lines).items() if times > 1]
        if len(lines) < least: errors.append(f"{file}: {len(lines)} lines, at least {least} are wanted")
        if doubles: errors.append(f"{file}: twice: {', '.join(doubles[:10])}")
        errors += [f"{file}: not plain: {line!r}" for line in lines if not line.isascii() or line != line.strip() or not line]
        if file in ("out-of-domain.txt", "near-misses.txt"): errors += [f"{file}: question of {seen[plain(line)]}: {line}" for line in lines if plain(line) in seen]
        print(f"{len(lines):6} lines      {file}")
    for file, times in collections.Counter(fact["file"] for fact in facts).items():
        print(f"{times:6} facts, {sum(len(f['questions']) for f in facts if f['file'] == file):5} questions, {sum(len(f['more']) + len(f['other']) for f in facts if f['file'] == file):5} more  facts/{file}.md")
    words = [len(fact["answer"].split()) for fact in facts] or [0]
    print(f"{len(facts):6} facts, {len(seen):5} questions, answers of {min(words)} to {max(words)} words, {sum(words) / max(1, len(facts)):.1f} on average")
    for warning in warnings: print("warning:", warning)
    for error in errors: print("error:", error)
    return 1 if errors else 0


if __name__ == "__main__":
    if "--json" in sys.argv:
        json.dump(load()[0], sys.stdout, indent=1)
    else:
        sys.exit(check())
