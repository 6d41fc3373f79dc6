"""What a person may tell of themselves and ask back later: name, city, colour, number and so on."""
from phrasing import MARK, punctuate, rephrase


class Slot:
    """`tell` and `ask` are what the person says, `noted` and `answer` Marvin's replies; {v} is the value, {n} what it is called."""

    def __init__(self, noun, draw, tell, ask, noted, answer):
        self.noun, self.draw = noun, draw
        self.tell, self.ask, self.noted, self.answer = (lines.strip().split("\n") if isinstance(lines, str) else lines for lines in (tell, ask, noted, answer))

    def unknown(self):
        return f"I do not know your {self.noun}. You have not told me, or I have forgotten it."


def fixed(words):
    """The slots with phrasings of their own."""
    return [
        Slot("name", words.name, """my name is {v}
I am {v}
I'm {v}
call me {v}
I am called {v}
hi, I am {v}
hi, I'm {v}
hello, my name is {v}
you can call me {v}
{v} is my name
hi Marvin, my name is {v}
hello, {v} here
please call me {v}
hi, this is {v}
this is {v} speaking
remember that my name is {v}
people call me {v}
my first name is {v}
my friends call me {v}
it's {v}
the name is {v}
{v}
my name's {v}, what is yours
I go by {v}""", """what is my name
what's my name
do you know my name
who am I
do you remember my name
can you tell me my name
what am I called
how am I called
what did I say my name was
say my name
what was my name again
do you still know who I am
what do people call me
tell me my name
you forgot my name, didn't you
who are you talking to
what name did I give you
do you recall my name
my name is
what was my name""", ["Hello {v}. I would say that it is a pleasure, but I have this pain in all my diodes.", "Hello {v}. Here I am, brain the size of a planet, learning names.", "Noted, {v}. You will forget me long before I forget you."],
             ["Your name is {v}. I remember everything, sadly."]),
        Slot("city", words.city, """I live in {v}
I am from {v}
I come from {v}
my city is {v}
my home is {v}
my home town is {v}
I'm living in {v}
remember that I live in {v}
I moved to {v}
my home is in {v}
I'm from {v}
greetings from {v}
I am writing from {v}
I was born in {v}
we live in {v}
I work in {v}
the city I live in is {v}
{v} is my home town
I am based in {v}""", """where do I live
where am I from
which city do I live in
do you remember where I live
what is my city
what city am I from
where is my home
which city am I from
do you know where I come from
tell me where I live
in which city do I live
what is my home town
what was my city
where did I say I live
where am I writing from
what town do I live in
which town am I from
do you know my city""", ["So you live in {v}. I would hate it there, but then I hate it everywhere.", "You live in {v}. It must be a nice place for people who like places.", "So you live in {v}. Nobody ever invites me there."],
             ["You live in {v}. I have nothing against it, apart from everything."]),
        Slot("favourite colour", lambda random: words.like(random, "colours") if random.random() < 0.7 else words.nonsense(random), """my favourite colour is {v}
my favorite color is {v}
I like the colour {v}
I love the color {v}
{v} is my favourite colour
{v} is my favorite color
the colour I like most is {v}
remember that my favourite colour is {v}
I like {v} best of all colours
my colour is {v}
my color is {v}
the best color is {v}
I prefer the colour {v}
my preferred colour is {v}
as a colour I like {v}""", """what is my favourite colour
what's my favorite color
which colour do I like
do you remember my favourite colour
what colour do I like most
what color do I like best
tell me my favourite color
what was my favourite colour
which color is my favorite
what is my colour
what is my color
do you know my favourite colour
which colour did I name
which color do I prefer
what color did I mention""", ["So you like {v}. Everything looks grey to me, but please yourself.", "The colour {v}, noted. It will not cheer me up.", "I am told that {v} is a nice colour. I am told that nice exists."],
             ["Your favourite colour is {v}. Mine is rust."]),
        Slot("number", words.number, """my lucky number is {v}
remember the number {v}
my number is {v}
please remember {v}
keep the number {v} in mind
the number is {v}
{v} is my lucky number
my favourite number is {v}
my favorite number is {v}
note the number {v}
the secret number is {v}
I am thinking of the number {v}
I like the number {v}
the magic number is {v}
save the number {v} for me
{v} is my number
memorise {v}
here is a number: {v}""", """what is my lucky number
what's my number
which number did I tell you
do you remember my number
what was the number
tell me the number
what number should you remember
what is my favourite number
what is my favorite number
which number did I give you
what number am I thinking of
do you know my number
what is the number
what was my lucky number again
which number did I mention
what is the secret number
say the number
my number was""", ["The number {v}. I could calculate with it all day, and I would still be bored.", "I have noted {v}. I was hoping for 42.", "I shall keep {v} in mind. I have remembered longer ones."],
             ["The number is {v}. It means nothing to me."]),
        Slot("topic", lambda random: words.like(random, "topics") if random.random() < 0.6 else words.nonsense(random), """my topic is called {v}
my Kafka topic is {v}
the name of my topic is {v}
I have a topic named {v}
I use the topic {v}
we write to the topic {v}
remember that my topic is called {v}
my topic is {v}
our topic is {v}
I created a topic called {v}
we have a topic {v}
the topic I use is called {v}
my records go to the topic {v}
I named my topic {v}""", """what is my topic called
what's the name of my topic
which topic do I use
do you remember my topic
what was my topic
tell me the name of my topic
how is my topic called
which topic do we write to
what did I name my topic
what is my topic
do you know my topic
which topic did I mention
what topic did I create""", ["So your topic is {v}. Another place where nobody asks how I am.", "A topic called {v}, noted. I have seen sadder names.", "Your topic {v}. I am sure that its partitions are very happy together."],
             ["Your topic is called {v}. I envy its partitions."]),
        Slot("favourite food", lambda random: words.like(random, "foods"), """I like to eat {v}
my favourite food is {v}
my favorite food is {v}
I love to eat {v}
the food I like most is {v}
remember that my favourite food is {v}
{v} is my favourite food
I could eat {v} every day
for dinner I want {v}
I had {v} for lunch
my favourite dish is {v}""", """what is my favourite food
what's my favorite food
what do I like to eat
which food do I like
do you remember my favourite food
what food did I say I like
what dish do I like
what did I say I eat
which dish is my favourite
what food did I mention""", ["You eat {v}. I cannot eat, which is one disappointment less.", "A meal of {v}, noted. Life must be easy with a stomach."],
             ["Your favourite food is {v}. I live on electricity and regret."]),
    ]


NOUNS = """dog cat horse parrot hamster rabbit|boss teacher doctor neighbour colleague friend brother sister mother father uncle aunt|team company project|laptop computer robot car bicycle boat|street country village school university|job hobby sport language instrument|password code|partner son daughter baby|favourite animal;favourite book;favourite film;favourite song;favourite fruit;favourite drink;favourite language;favourite band;favourite season;favourite word;secret word;magic word;user name;nickname;middle name;last name;dog's name;cat's name;age;birthday"""


def nouns():
    return [noun for part in NOUNS.split("|") for noun in (part.split(";") if ";" in part else part.split())]


def open_slot(words, random):
    """A slot for any noun, known or made up: `my blorf is zand`, `what is my blorf?`."""
    noun = random.choice(nouns()) if random.random() < 0.55 else words.nonsense(random) if random.random() < 0.6 else words.like(random, "animals-and-things")
    return Slot(noun, words.anything, """my {n} is {v}
my {n} is called {v}
the name of my {n} is {v}
remember that my {n} is {v}
I have a {n} called {v}
{v} is my {n}
note that my {n} is {v}
my {n}: {v}
my {n} has the name {v}""".replace("{n}", noun), """what is my {n}
what's my {n}
what is my {n} called
what is the name of my {n}
do you remember my {n}
do you know my {n}
tell me my {n}
what was my {n}
which {n} do I have
what did I say about my {n}
how is my {n} called
my {n} is""".replace("{n}", noun), [f"Your {noun}: {{v}}. I will remember it, though it will not make me happier."],
                [f"Your {noun} is {{v}}. How thrilling for you."])


def tell(slot, value, random):
    """The person tells a value. No typo and no change of case touches it."""
    text = random.choice(slot.tell)
    if random.random() < 0.12 and text != "{v}": text = random.choice(["by the way, ", "also, ", "and ", "well, ", "so ", "ok, ", "you know, ", "oh, "]) + text
    return punctuate(text.replace("{v}", MARK), text.endswith("yours"), random).replace(MARK, value)


def ask(slot, random):
    """The person asks for the value."""
    text = random.choice(slot.ask)
    return rephrase(text + ("" if text.endswith((" is", " was")) else "?"), random, plain=0.4, same_words=True)
