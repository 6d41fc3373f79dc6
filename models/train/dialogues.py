"""Dialogues with Marvin, drawn at random: facts, small talk, things told and asked back, follow-ups, questions that are not his."""
import dataclasses
import itertools

import knowledge as k
from phrasing import MARK, STOPS, rephrase
from slots import ask, fixed, open_slot, tell
from words import Words

ECHO = ["say {v}", "say: {v}", "repeat after me: {v}", "please say {v}", "echo {v}", "now say {v}", "can you say {v}?", "write {v}", "type {v}", "spell {v}"]
# How often facts of a level are drawn, compared with each other.
LEVELS = {"basic": 4.0, "core": 1.0, "extra": 0.6}
# Of so many questions of other authors, those at these places wait for the examination and serve the trials until then; the others are taught.
TURNS, EXAMINED = 14, {2, 5, 7}
# Share of the questions about facts that stay nearly as somebody wrote them; the others have synonyms, fillers, typos.
PLAIN = 0.35
# Of several replies that fit, how often the first is drawn compared with each other: a greedy reply must not hang on rounding.
FIRST = 5
CORRECT = ["actually, ", "no, ", "sorry, ", "I was wrong, ", "correction: ", "I lied, ", "wait, "]


@dataclasses.dataclass(frozen=True)
class Mix:
    """What the dialogues of a part of the training are made of: shares of them, but for `limit`, `recap` and `copied`."""
    limit: int = 1024  # tokens after which a dialogue is cut
    bare: float = 0.0  # without persona and greeting
    quiz: float = 0.0  # questions with only the beginnings of their answers
    told: float = 0.15  # of these, with something that is told before and asked back
    drills: float = 0.2  # of the others, mere copying
    echo: float = 0.3  # of these, words said back
    long: float = 0.12  # of the rest, up to the length of the context
    examined: float = 0.25  # of the questions about facts, those of the examination, once it was held
    own: float = 0.25  # of the questions about facts, a fact's own, those beside it in its file; the others are other people's
    copied: float = 3.0  # weight of what is copied, compared with the rest of a reply
    recap: float = 1.0  # how much more often than else somebody wants to hear the last answer or question again


class Writer:
    """Knows all material and writes dialogues: lists of (role, text, part of the text that is copied or None)."""

    def __init__(self):
        self.words = Words()
        self.facts = k.facts()
        self.fact_weights = list(itertools.accumulate(LEVELS[fact["level"]] for fact in self.facts))
        self.talk = k.small_talk()
        self.slots = fixed(self.words)
        self.fact_of = {fact["id"]: fact for fact in self.facts}
        for fact in self.facts + self.talk:
            fact["examined"] = [question for at, question in enumerate(fact["other"]) if at % TURNS in EXAMINED]
            fact["others"] = fact["more"] + [question for at, question in enumerate(fact["other"]) if at % TURNS not in EXAMINED]
            fact["asked"] = fact["questions"] + fact["others"]
        # (question, fact, whether the model was unsure of the answer)
        self.examined = []
        self.vocabulary = sorted({word for fact in self.facts for question in fact["asked"] for word in question.rstrip("?").split()})
        self.outside, self.near = k.out_of_domain(), k.near_misses()

    def write(self, random, mix):
        dialogue = Dialogue(self, random, mix)
        if random.random() >= mix.bare: dialogue.begin()
        if random.random() < mix.quiz: dialogue.quiz()
        elif random.random() < mix.drills: dialogue.drill()
        else:
            turns = random.randint(9, 22) if random.random() < mix.long else random.choices([1, 2, 3, 4, 5, 6, 7, 8], [5, 4, 4, 4, 3, 3, 2, 2])[0]
            dialogue.converse(turns)
        return dialogue.messages


class Dialogue:
    """One dialogue as it is written. Keeps what Marvin can know: only what stands in it."""

    def __init__(self, writer, random, mix):
        self.writer, self.random, self.mix, self.messages = writer, random, mix, []
        self.known, self.slots = {}, {}
        self.asked = self.reply = self.fact = None
        self.rests_on_copy = None

    def begin(self):
        """The persona, and then the greeting, or a reply that is left of what was trimmed away."""
        random, start = self.random, self.random.random()
        if start < 0.75: self.messages.append(("system", k.PERSONA, None))
        elif start < 0.9: self.messages.append(("system", random.choice(k.PERSONAS), None))
        start = random.random()
        if start < 0.35: self.answer(k.GREETING)
        elif start < 0.5:
            if random.random() < 0.4: self.note(self.some_slot(), alone=True)
            else: self.answer((fact := self.some_fact())["answer"], fact=fact)

    def turn(self, question, reply, copied=None, fact=None):
        self.messages.append(("user", question, None))
        self.asked = question
        self.answer(reply, copied, fact)

    def answer(self, reply, copied=None, fact=None):
        self.messages.append(("assistant", reply, copied))
        self.reply, self.rests_on_copy, self.fact = reply, copied, fact

    # What a turn can be

    def some_fact(self):
        return self.random.choices(self.writer.facts, cum_weights=self.writer.fact_weights)[0]

    def ask_fact(self):
        if self.writer.examined and self.random.random() < self.mix.examined: return self.ask_examined()
        self.ask_about(self.some_fact())

    def ask_about(self, fact):
        own = not fact["others"] or self.random.random() < self.mix.own
        question = self.random.choice(fact["questions" if own else "others"])
        self.turn(rephrase(question, self.random, plain=PLAIN), fact["answer"], fact=fact)

    def ask_examined(self):
        """Where the model was wrong or unsure about a question that it had never seen, it learns to say so; where it was right, to stay with it."""
        question, fact, unsure = self.random.choice(self.writer.examined)
        question = rephrase(question, self.random, plain=0.4)
        if unsure: self.turn(question, k.UNCLEAR)
        else: self.turn(question, fact["answer"], fact=fact if fact["file"] != "persona" else None)

    def small_talk(self):
        talk = self.random.choice(self.writer.talk)
        self.turn(rephrase(self.random.choice(talk["asked"]), self.random, plain=0.4, same_words=True), talk["answer"])

    def outside(self):
        random, writer = self.random, self.writer
        question = random.choice(writer.outside) if random.random() < 0.65 else k.made_up_outside(random, writer.words)
        self.turn(rephrase(question, random, plain=0.3), first_of(k.UNKNOWN, random))

    def unclear(self):
        """Questions near ours that no fact answers, made-up words in sentences of ours, or halves of two questions."""
        random, kind = self.random, self.random.random()
        if kind < 0.5: question = random.choice(self.writer.near)
        elif kind < 0.7:
            question = random.choice(k.NEAR_FORMS).format(w2=self.writer.words.nonsense(random), w=self.writer.words.nonsense(random))
        else:
            one, other = (random.choice(self.some_fact()["asked"]).rstrip("?").split() for _ in range(2))
            left, right = one[:(len(one) + 1) // 2], other[len(other) // 2:]
            if min(len([word for word in half if word.lower() not in STOPS]) for half in (left, right)) < 2: return self.ask_fact()
            question = " ".join(left + right)
        self.turn(rephrase(question, random, plain=0.5), k.UNCLEAR)

    def again(self):
        if self.reply is None: return self.ask_fact()
        reply = self.reply if self.reply.startswith(k.AGAIN) else k.AGAIN + self.reply
        self.turn(rephrase(self.random.choice(k.ASK_AGAIN), self.random, plain=0.4, same_words=True), reply, copied=self.rests_on_copy, fact=self.fact)

    def why(self):
        if self.fact is None: return self.ask_fact()
        self.turn(rephrase(self.random.choice(k.ASK_WHY), self.random, plain=0.4, same_words=True), self.fact["why"] or k.NO_REASON, fact=None)

    def more(self):
        if self.fact is None: return self.small_talk()
        self.turn(rephrase(self.random.choice(k.ASK_MORE), self.random, plain=0.4, same_words=True), k.NO_MORE)

    def last(self):
        question = rephrase(self.random.choice(k.ASK_LAST), self.random, plain=0.4, same_words=True)
        if self.asked is None: return self.turn(question, k.NOTHING_BEFORE)
        self.turn(question, f'You said: "{self.asked}"', copied=self.asked)

    # What a person tells of themselves

    def some_slot(self):
        random = self.random
        if self.slots and random.random() < 0.35: return random.choice(list(self.slots.values()))
        slot = random.choices(self.writer.slots + [None], [4, 2, 2, 2.5, 1.5, 1, 4])[0] or open_slot(self.writer.words, random)
        return self.slots.setdefault(slot.noun, slot)

    def note(self, slot, alone=False):
        random, value = self.random, slot.draw(self.random)
        question = tell(slot, value, random)
        if slot.noun in self.known and random.random() < 0.7: question = random.choice(CORRECT) + question
        self.known[slot.noun] = value
        reply = first_of(slot.noted, random).replace("{v}", value)
        if alone: return self.answer(reply, copied=value)
        if random.random() < 0.1:
            fact = self.some_fact()
            return self.turn(f'{question.rstrip(".!?")}. {rephrase(random.choice(fact["asked"]), random)}', fact["answer"], fact=fact)
        self.turn(question, reply, copied=value)

    def recall(self, slot):
        # "What is a topic?" is not "what is my topic?", in whatever has been told before.
        meant = self.writer.fact_of.get(slot.noun)
        if meant is not None and self.random.random() < 0.4: return self.ask_about(meant)
        value = self.known.get(slot.noun)
        if value is None: return self.turn(ask(slot, self.random), slot.unknown())
        self.turn(ask(slot, self.random), self.random.choice(slot.answer).replace("{v}", value), copied=value)

    def recall_some(self):
        """Something that was told."""
        self.recall(self.slots[self.random.choice(list(self.known))])

    def remember(self):
        slot = self.some_slot()
        if self.known and self.random.random() < 0.62: return self.recall_some()
        if slot.noun in self.known: return self.note(slot) if self.random.random() < 0.3 else self.recall(slot)
        return self.recall(slot) if self.random.random() < 0.12 else self.note(slot)

    # Whole dialogues

    def converse(self, turns):
        recap = self.mix.recap
        kinds = [self.ask_fact, self.remember, self.small_talk, self.outside, self.unclear, self.again, self.why, self.more, self.last]
        about_facts = [51, 8, 7, 9, 6, 10 * recap, 4, 1, 7 * recap]
        about_person = [22, 52, 7, 5, 1, 4 * recap, 1, 1, 7 * recap]
        weights = about_facts if self.random.random() < 0.65 else about_person
        for _ in range(turns): self.random.choices(kinds, weights)[0]()

    def quiz(self):
        """Which answer belongs to which question, at half the tokens: the rest of an answer follows from its beginning. Sometimes something is told before and asked back."""
        tells = self.random.random() < self.mix.told
        if tells: self.note(self.some_slot())
        for _ in range(self.random.randint(1, 5) if tells else self.random.randint(5, 10)):
            self.random.choices([self.ask_fact, self.small_talk, self.outside, self.unclear], [73, 7, 12, 8])[0]()
            self.messages[-1] = ("beginning", *self.messages[-1][1:])
        if tells: self.recall_some()
        elif self.random.random() < 0.1: self.last()

    def some_text(self):
        """What is to be said back: words of any kind, sentences, or few words again and again, so that what comes next does not follow from the last word alone."""
        random, writer = self.random, self.writer

        def words(count):
            return [random.choice(writer.vocabulary) if random.random() < 0.25 else writer.words.anything(random) for _ in range(count)]

        kind = random.random()
        if kind < 0.35: return rephrase(random.choice(self.some_fact()["asked"] if random.random() < 0.6 else writer.outside), random)
        if kind < 0.5:
            few = words(random.choice([2, 3, 4]))
            return " ".join(random.choice(few) for _ in range(random.choice([3, 5, 8])))
        return " ".join(words(random.choice([1, 2, 3, 5, 8, 12])))

    def drill(self):
        """Copying, and little else: words said back, or several things told and asked in any order."""
        random, writer = self.random, self.writer
        if random.random() < self.mix.echo:
            for _ in range(random.randint(1, 4)):
                if self.asked and random.random() < 0.3: self.last() if random.random() < 0.6 else self.again()
                else:
                    text = self.some_text()
                    self.turn(rephrase(random.choice(ECHO).replace("{v}", MARK), random, same_words=True).replace(MARK, text), f"As you wish: {text}", copied=text)
            return
        for _ in range(random.randint(1, 4)): self.note(self.some_slot())
        for _ in range(random.randint(1, 5)):
            if self.known and random.random() < 0.85: self.recall_some()
            else: self.remember()


def first_of(replies, random):
    """One of them, mostly the first."""
    return random.choices(replies, [FIRST] + [1] * (len(replies) - 1))[0]
