"""Names, cities, numbers and nonsense words to copy. Drawn anew for every dialogue, so that nothing can be learnt by heart."""
import json
import pathlib
import re

DATA = pathlib.Path(__file__).parent.parent / "data"

SYLLABLES = "ba be bi bo bu da de di do du fa fe fi fo ka ke ki ko ku la le li lo lu ma me mi mo mu na ne ni no nu pa pe pi po ra re ri ro ru sa se si so su ta te ti to tu va ve vi vo wa we wi za ze zi zo ja jo ju cha sha cho the tho dra stri plo gra tri bel cor dan fer gil hor jas kel lin mar nor pan quin ros sal tan vin wil zan ent orn ald ist umb eck ick ell".split()
# What the trials during training tell and ask back.
TRIED = {
    "name": "Gerald Winifred Ottavio Brunhild Cedric Delphine Everett Fenella Gideon Hortense Imogen Jocasta Kendrick Lavinia Mortimer Nerissa".split(),
    "city": "Ravenna Coventry Tampere Dijon Halifax Aarhus Bergamo Cusco Darwin Eugene Gdynia Haarlem Iquitos Jerez Konstanz Limoges".split(),
    "favourite colour": "puce ochre mauve taupe cerulean vermilion saffron sienna".split(),
    "number": "9 14 31 57 86 105 238 440 777 961 1066 2718 3600 5150 8192 65535".split(),
}
LETTERS = "abcdefghijklmnopqrstuvwxyz"
# How often a name or a city is written without capitals.
LOWER = 0.2
# How often a part of a name or of a city comes twice in it, as in Copenhagen: what follows it then does not follow from it alone.
TWICE = 0.2


def held_out_values():
    """Values that trials and evaluation ask for, in lower case: they are never drawn."""
    tried = {value.lower() for values in TRIED.values() for value in values}
    path = DATA / "held-out" / "recall.jsonl"
    if not path.exists(): return tried
    return tried | {json.loads(line)["value"].lower() for line in path.read_text(encoding="utf-8").splitlines() if line.strip()}


class Words:
    """Draws values of a kind. Lists give the flavour, chains of letters learnt from them the variety."""

    def __init__(self):
        self.held_out = held_out_values()
        self.lists = {name: self._read(name) for name in ("names", "cities", "colours", "animals-and-things", "foods", "topics")}
        self.chains = {name: chain(words) for name, words in self.lists.items()}

    def _read(self, name):
        path = DATA / f"{name}.txt"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else FALLBACK[name].split()
        return [line for line in lines if line.lower() not in self.held_out]

    def _allowed(self, draw):
        while (word := draw()).lower() in self.held_out: pass
        return word

    def like(self, random, name, share=0.35):
        """A word of a list, or one that only sounds so."""
        return self._allowed(lambda: random.choice(self.lists[name]) if random.random() < share else spin(self.chains[name], random))

    def name(self, random):
        return as_typed(self._like_or_nonsense(random, "names"), random)

    def city(self, random):
        def draw():
            word = self._like_or_nonsense(random, "cities")
            return f"{word.capitalize()} {self.like(random, 'cities')}" if " " not in word and random.random() < 0.12 else word
        return as_typed(self._allowed(draw), random)

    def _like_or_nonsense(self, random, name):
        def draw():
            word = self.like(random, name) if random.random() < 0.75 else self.nonsense(random)
            return twice(word, random) if random.random() < TWICE else word
        return self._allowed(draw)

    def nonsense(self, random):
        """A word that nobody knows: syllables, or just letters."""
        kind = random.random()
        if kind < 0.2: return self._allowed(lambda: "".join(random.choice(LETTERS) for _ in range(random.randint(2, 7))))
        if kind < 0.35:
            few = random.sample(SYLLABLES, random.choice([1, 2, 2]))
            return self._allowed(lambda: "".join(random.choice(few) for _ in range(random.choice([2, 3, 3, 4]))))
        return self._allowed(lambda: "".join(random.choice(SYLLABLES) for _ in range(random.choice([1, 2, 2, 3]))) + random.choice(["", "", "n", "r", "s", "l", "x", "k", "th"]))

    def number(self, random):
        def draw():
            digits = random.choice([1, 2, 2, 3, 3, 4, 5])
            if random.random() < 0.65: return str(random.randrange(10 ** digits))
            # As people like them: 77, 5000, 1212, 1771. Which digit comes next does not follow from the last one alone.
            few = random.sample("0123456789", random.choice([1, 2, 2, 3]))
            return random.choice([digit for digit in few if digit != "0"] or "123456789") + "".join(random.choice(few) for _ in range(digits))
        return self._allowed(draw)

    def anything(self, random):
        """Some value of some kind."""
        kind = random.randrange(9)
        if kind == 0: return self.name(random)
        if kind == 1: return self.city(random)
        if kind == 2: return self.number(random)
        if kind < 6: return self.like(random, random.choice(["colours", "animals-and-things", "foods", "topics"]))
        return self.nonsense(random)


def as_typed(word, random):
    """With a capital, or without any, as some people type."""
    if random.random() < LOWER: return word.lower()
    return word.capitalize() if " " not in word and word.islower() else word


def twice(word, random):
    """The word with one to three of its letters once more, right after them or a little later."""
    length, gap = random.choice([1, 2, 2, 3]), random.choice([0, 1, 2, 2, 3, 3])
    at = random.randint(0, max(0, len(word) - length))
    again = at + length + gap
    return word[:again] + word[at:at + length].lower() + word[again:]


def chain(words):
    """Which letter follows two others in these words, and how often."""
    follow = {}
    for word in words:
        for part in word.split():
            text = f"^^{part.lower()}$"
            for at in range(2, len(text)): follow.setdefault(text[at - 2:at], []).append(text[at])
    return follow, words[0][:1].isupper()


def spin(learnt, random):
    """A new word from a chain."""
    follow, capital = learnt
    while True:
        text = "^^"
        while not text.endswith("$") and len(text) < 14: text += random.choice(follow[text[-2:]])
        word = re.sub(r"[$^]", "", text)
        if len(word) > 1: return word.capitalize() if capital else word


FALLBACK = {
    "names": "Anna Bob Carol David Emma Frank Grace Henry Iris Jack Kate Leo Maria Nina Oscar Paul Quinn Rosa Sam Tina",
    "cities": "Berlin Paris London Rome Madrid Vienna Prague Oslo Dublin Athens Warsaw Munich Boston Tokyo Delhi",
    "colours": "red green blue yellow orange purple pink black white brown grey",
    "animals-and-things": "dog cat horse table lamp chair river stone",
    "foods": "pizza pasta rice soup bread cheese sushi",
    "topics": "orders payments users clicks logs metrics",
}
