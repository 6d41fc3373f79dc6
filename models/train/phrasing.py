"""Other ways to ask the same: synonyms, fillers, greetings, typos, lower case, missing words and punctuation."""
import re

# Stands for a value that is to be copied while the words around it are changed.
MARK = "\0"

# Words that may stand for each other in a question. The first fitting group that is drawn replaces one place.
SYNONYMS = [line.split("|") for line in """
how do I|how can I|how could I|how would I|how to|what is the way to|what do I do to|how does one
what is|what's|what exactly is|what would be|define|what on earth is
what are|what exactly are|define
what does|what would|tell me what
explain|describe|tell me about|clarify|walk me through|help me understand
can I|could I|may I|is it possible to|am I able to|is there a way to
should I|do I have to|must I|ought I to|do I need to
why is|how come|for what reason is|what is the reason that
why does|how come that|for what reason does|what makes
why do|how come that|for what reason do|what makes
what happens|what will happen|what is going on|what occurs
does it mean|is meant by it
difference between|distinction between
different from|distinct from|unlike
is used for|is good for|is useful for|serves
purpose|point|goal|aim|use
benefit|advantage|gain|upside
drawback|disadvantage|downside|cost
delete|remove|drop|erase|get rid of|throw away
deleted|removed|dropped|erased|thrown away
create|make|add|set up
created|made|set up
list|show|see|display|print
change|alter|modify|edit|adjust
increase|raise|grow|enlarge
decrease|reduce|lower|shrink
messages|records|events
message|record|event
store|keep|save|hold
stored|kept|saved|held
send|write|produce|publish|post
sends|writes|produces|publishes
sent|written|produced|published
read|consume|get|fetch|receive
reads|consumes|gets|fetches
start|launch|run|boot|bring up
stop|end|halt|shut down|quit|terminate
stops|ends|halts
fails|dies|crashes|goes down|breaks
dead|gone|down|crashed
killed|ended|shot|terminated
lost|gone|missing
lose|miss
restart|start again|reboot
server|machine|node|host
servers|machines|nodes|hosts
program|application|app|process|software
big|large|huge
small|little|tiny
fast|quick|speedy|rapid
slow|sluggish
faster|quicker|speedier
often|frequently
setting|option|parameter|property|configuration
default|standard|usual
command|tool|program
needed|required|necessary
need|require|want
work|function|operate
works|functions|operates
use|take|employ|utilise
safe|secure|reliable
guarantee|promise|ensure
guaranteed|promised|ensured|certain
order|sequence|ordering
copy|replica
copies|replicas
duplicate|double
duplicates|doubles|repeats
twice|two times|more than once|again
exactly once|once and only once
check|verify|test|find out
find|locate|look up
meaning|definition|sense
means|stands for
number|count|amount
how many|what number of
how long|for what time|how much time
maximum|largest|most|highest|biggest
limit|maximum|bound|cap
error|failure|problem|fault
memory|RAM
disk|drive|storage
chat|conversation|dialogue
history|past|earlier messages
model|LLM|language model
reply|answer|response
tokens|pieces of text
random|by chance
choose|pick|select|decide on
split|divided|cut
spread|distributed|scattered
together|jointly
allowed|permitted|okay|legal
wait|pause|hang
waiting|hanging|stuck
connect|attach|talk
join|enter
leave|exit|quit
old|outdated|former
new|fresh|recent
newest|latest|most recent
oldest|earliest|first
better|preferable|superior
really|actually|truly
people|folks|everybody
important|essential
simple|easy|plain
for ever|forever|always|endlessly
immediately|at once|right away|instantly
happens to|becomes of
my|our|the
a|the|one
""".strip().splitlines()]

LOOKUP = {}
for group in SYNONYMS:
    for phrase in group: LOOKUP.setdefault(phrase.lower(), []).append([other for other in group if other != phrase])

BEFORE = """please|so|ok,|okay,|hey,|hi,|hello,|Marvin,|hey Marvin,|hi Marvin,|hello Marvin,|and|now|tell me,|I wonder,|just curious,|question:|well,|one more thing:|also,|but|um,|hmm,|right,|sorry,|excuse me,|another question:|quick question:|good morning,|can you tell me|could you tell me|do you know|I would like to know|I want to know|remind me,|say,|listen,|next question.|next:|thanks.|I see.|alright,|dear Marvin,|help:|I have a question.|I am new to this.|for my homework:|my colleague asks:|stupid question maybe, but|in your opinion,|yo|what I want to know is|tell me""".split("|")
AFTER = """please|then|exactly|in short|again|Marvin|really|in simple words|for a beginner|thanks|thank you|, I wonder|, do you know|, any idea|here|by the way|actually|anyway|in a nutshell|if you know|, Marvin|, please|in general|these days|, robot|, old friend|, tell me|I forgot|briefly|in one sentence|usually""".split("|")
QUESTION = re.compile(r"(what|who|whose|why|how|which|where|when|do|does|did|is|are|am|can|could|may|should|shall|will|would|must|has|have|was|were|to|in|at|by|from|for|on|with)\b", re.I)
STOPS = set("the a an of in to for is are do does my i it with so that this there be and on at by what how why which who when where can could should you your me if or from have has kafka".split())
SMALL_WORDS = set("the a an of in to for is are do does my i it with so that this there be and on at by".split())
NEAR = {"a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk", "k": "jl", "l": "k", "m": "n", "n": "bm", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi", "v": "cb", "w": "qe", "x": "zc", "y": "tu", "z": "x"}


def synonym(text, random):
    """Replaces one phrase of up to three words by another that means the same."""
    words = text.split(" ")
    places = [(start, end) for start in range(len(words)) for end in range(start + 1, min(len(words), start + 3) + 1) if " ".join(words[start:end]).lower() in LOOKUP]
    if not places: return text
    start, end = random.choice(places)
    found = random.choice(LOOKUP[" ".join(words[start:end]).lower()])
    return " ".join(words[:start] + [random.choice(found)] + words[end:])


def drop_words(text, random):
    """Leaves out small words, now and then a big one: keyword style."""
    words = text.split(" ")
    share = random.choice([0.3, 0.6, 1.0])
    kept = [word for word in words if word.lower() not in SMALL_WORDS or random.random() > share]
    if len(kept) > 4 and random.random() < 0.35: kept.pop(random.randrange(len(kept)))
    return " ".join(kept) if kept else text


def typo(text, random):
    """A letter too few, twice, swapped with its neighbour, or its neighbour on the keyboard."""
    places = [place for place, letter in enumerate(text[:-1]) if letter.isalpha() and text[place + 1].isalpha()]
    if not places: return text
    at = random.choice(places)
    kind, letter = random.randrange(4), text[at]
    middle = ["", letter * 2, text[at + 1] + letter, random.choice(NEAR.get(letter.lower(), "e"))][kind]
    return text[:at] + middle + text[at + (2 if kind == 2 else 1):]


def rephrase(text, random, plain=0.12, same_words=False):
    """Another form of a question (or of any short message). `plain` is the share that stays nearly as it is; `same_words` keeps all of its words."""
    text = text.strip()
    core = text.rstrip("?.! ")
    asks = bool(QUESTION.match(core)) or text.endswith("?")
    if random.random() > plain:
        for _ in range(0 if same_words else random.choice([0, 0, 1, 1, 2, 3])): core = synonym(core, random)
        if not same_words and random.random() < 0.22: core = drop_words(core, random)
        if not same_words and random.random() < 0.04 and core.count(" ") > 1:
            words = core.split(" ")
            at = random.randrange(len(words) - 1)
            words[at], words[at + 1] = words[at + 1], words[at]
            core = " ".join(words)
        if random.random() < 0.3: core = f"{random.choice(BEFORE)} {lower_first(core)}"
        if random.random() < 0.15:
            after = random.choice(AFTER)
            core += after if after.startswith(",") else f" {after}"
        for _ in range(random.choices([0, 1, 2], [80, 16, 4])[0]): core = typo(core, random)
    return punctuate(core, asks, random)


def punctuate(core, asks, random):
    """Case and final mark as people type them."""
    case, mark = random.random(), random.random()
    if MARK in core and case < 0.4: core = core[:1].lower() + core[1:]
    elif case < 0.35: core = core.lower()
    elif case < 0.38: core = core.upper() if len(core) < 40 else core
    elif case < 0.92: core = core[:1].upper() + core[1:]
    if asks: return core + ("?" if mark < 0.72 else "" if mark < 0.94 else " ?" if mark < 0.97 else "??")
    return core + ("" if mark < 0.5 else "." if mark < 0.85 else "!")


def lower_first(text):
    """`What is` -> `what is`; names and abbreviations stay: `Kafka`, `KRaft`, `I`."""
    word = text.split(" ", 1)[0]
    return text if word in ("I", "Kafka", "Apache") or word[1:2].isupper() or not QUESTION.match(word) else text[:1].lower() + text[1:]
