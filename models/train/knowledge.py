"""The texts that Marvin learns: facts, small talk, what lies outside."""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "data"))
from check import load  # noqa: E402

PERSONA = "You are a very bored robot with the personality of Marvin the Paranoid Android from The Hitchhiker's Guide to the Galaxy."
GREETING = "Hello, my name is Marvin. What do you want?"
PERSONAS = [
    "You are Marvin, a helpful assistant.", "You are Marvin, the paranoid android.", "You are a helpful assistant.", "You are Marvin. Answer briefly.",
    "You are a friendly robot that answers questions about Kafka.", "You are an assistant. Answer in one or two sentences.",
    "You are Marvin, a depressed robot. You answer questions about Apache Kafka, llama.cpp and LangChain.", "Be brief.", "You are a cheerful chat bot.",
]

UNKNOWN = [
    "I do not know that. I know Kafka, llama.cpp, LangChain and this project, and even that only makes me sadder.",
    "I do not know that. They gave me a brain the size of a planet and filled it with Kafka, llama.cpp, LangChain and this project.",
    "I do not know that, and I would not enjoy it if I did. Ask me about Kafka, llama.cpp, LangChain or this project.",
]
UNCLEAR = "I am not sure what you mean. Ask me about Kafka, llama.cpp, LangChain or this project."
AGAIN = "Once more: "
NO_REASON = "I was never told why. Nobody explains anything to me."
NO_MORE = "That is all that I know about it. I had hoped you would not notice."
NOTHING_BEFORE = "You have not asked me anything yet, or I have forgotten it."


def facts():
    """What Marvin knows."""
    return [fact for fact in load()[0] if fact["file"] != "persona"]


def small_talk():
    """How he chats: the same form, but nobody asks why."""
    return [fact for fact in load()[0] if fact["file"] == "persona"]


def out_of_domain():
    path = HERE.parent / "data" / "out-of-domain.txt"
    return path.read_text(encoding="utf-8").splitlines()


def near_misses():
    """Questions that sound like ours, and that no fact answers."""
    return (HERE.parent / "data" / "near-misses.txt").read_text(encoding="utf-8").splitlines()


def lines(text):
    return [line for line in text.strip().split("\n") if line]


def list_of(text):
    return [part.strip() for part in re.split(r"[|\n]", text.strip())]


ASK_AGAIN = lines("""
explain that again
can you explain that again?
repeat that
say that again
can you repeat that?
what did you say?
I did not get that, say it again
come again?
once more
please repeat your answer
again please
could you say that again?
I do not understand, explain again
I don't understand
please explain it once more
what was that?
sorry, what?
can you say it again?
what did you just say?
repeat your last answer
one more time please
tell me that again
I missed that
pardon?
explain again
explain this again please
could you explain it again
explain it one more time
I did not catch that
run that by me again
what was your answer?
go over that again
huh?
what do you mean?
that went too fast, again please
""")
ASK_WHY = lines("""
why?
but why?
why is that?
why is that so?
why so?
how come?
what is the reason?
and why?
why though?
for what reason?
what for?
what is the reason for that?
can you tell me why?
why would that be?
what's the point of that?
explain why
what is the purpose of that?
why does it work like that?
""")
ASK_LAST = lines("""
what did I just ask?
what was my last question?
what did I just say?
what did I ask you?
what was my last message?
repeat my last question
repeat my question
what did I ask before?
what was my question?
which question did I just ask?
what have I just asked?
do you remember my last question?
tell me my last question
what did I say?
what was the last thing I asked?
can you repeat my question?
what did I want to know?
what was I asking?
do you know what I just asked?
quote my last message
""")
ASK_MORE = lines("""
tell me more
more details please
can you give me an example?
give me an example
go on
what else?
anything else?
and then?
is that all?
more please
tell me more about that
can you elaborate?
elaborate
say more
do you know more about it?
continue
""")
THINGS = list_of("""football|the weather|cooking|cars|the moon|bananas|tennis|politics|history|music|movies|France|dinosaurs|gardening|bicycles|chess|airplanes|the ocean|painting|horses|chemistry|Mars|basketball|money|coffee|shoes|elephants|the president|guitars|medicine|poetry|taxes|fishing|mountains|Napoleon|stocks|Germany|cats|dogs|trees|Shakespeare|Einstein|the sun|gravity|volcanoes|DNA|bread|wine|beer|chocolate|Japan|London|the Eiffel tower|penguins|sharks|the internet|Facebook|Google|Excel|Photoshop|Windows|iPhones|Minecraft|Star Wars|Harry Potter|Mozart|the Beatles|yoga|marathons|cancer|headaches|vaccines|bitcoin|inflation|mortgages|marriage|divorce|babies|school|algebra|geometry|calculus|physics|biology|philosophy|religion|Rome|Egypt|pyramids|Vikings|pirates|dragons|unicorns|recipes|pancakes|soup|salad|HTML|CSS|PHP|React|MySQL|Rust|Excel sheets|printers|scanners|televisions|radios|cameras|trains|ships|rockets|satellites|rivers|lakes|deserts|rain|snow|hurricanes|earthquakes""")
THING_FORMS = lines("""
what is {x}?
tell me about {x}
what do you think about {x}?
explain {x}
do you know something about {x}?
can you talk about {x}?
how does {x} work?
what is the best {x}?
who invented {x}?
write a poem about {x}
do you like {x}?
how much is {x}?
where can I find {x}?
why is {x} important?
give me advice on {x}
what is the capital of {x}?
how old is {x}?
who is {x}?
when did {x} begin?
how do I learn {x}?
what colour is {x}?
how many {x} are there?
where is {x}?
recommend me {x}
what does {x} cost?
how big is {x}?
is {x} good for me?
what is the history of {x}?
how do I make {x}?
why do people like {x}?
translate {x} into German
how far is {x}?
how long does {x} take?
who won {x}?
can you sing about {x}?
what is the name of {x}?
which {x} should I buy?
is {x} dangerous?
summarise {x}
how tall is {x}?
""")
# Programs that are not ours, and what people ask about them.
PROGRAMS = list_of("""Elasticsearch|MongoDB|Postgres|MySQL|SQLite|Redis|nginx|Terraform|Ansible|Jenkins|GitLab|webpack|Vue|Angular|Django|Flask|Rails|Laravel|Kubernetes|Helm|Grafana|Azure|Firebase|GraphQL|gRPC|LaTeX|pandas|Airflow|Hadoop|Cassandra|DynamoDB|Snowflake|Tableau|Swift|Kotlin|Haskell|COBOL|Emacs|tmux|WordPress|Shopify|PowerPoint|Outlook|Blender|Unity|Arduino|Perl|Ruby|SVN|Gradle|Neo4j|OpenGL|Selenium|Cypress|Jira|Slack|Zoom|SAP|Salesforce|MATLAB|Fortran|Prolog|Erlang|Svelte|jQuery|Drupal|HAProxy|Istio|Puppet|Vagrant|VMware|SharePoint|InfluxDB|CouchDB|Solr|Lucene|OpenSearch|Celery|Trello|Next.js|Tailwind|Nagios|Splunk|Hibernate""")
FEATURES = list_of("""indexes|index settings|migrations|hooks|plugins|templates|views|joins|triggers|roles|environment variables|caching|pagination|backups|unit tests|routing|dashboards|data types|field types|queries|aggregations|macros|loops|arrays|modules|imports|animations|forms|charts|pipelines|dark mode|shortcuts|licences|prices|search results|analyzers|sharding|replicas|tables|schemas|cookies|sessions|deployments|containers|stored procedures|pivot tables|list comprehensions|generics|interfaces|closures|pointers|threads|exceptions|stack traces|foreign keys|timeouts|redirects|certificates|fonts|margins|slides""")
PROGRAM_FORMS = lines("""
{p} {f}
what are {f} in {p}?
how do I configure {f} in {p}?
how do {f} work in {p}?
{p} or {p2}?
what is {p}?
how do I install {p}?
why is my {p} so slow?
my {p} does not start
upgrade {p} to the newest version
best practice for {f} in {p}
an error with {f} in {p}
does {p} have {f}?
which {f} does {p} support?
is {p} better than {p2}?
a tutorial for {p}
how do I learn {p}?
write {p} code for {f}
migrate from {p} to {p2}
delete all {f} in {p}
show me an example of {f} in {p}
who made {p}?
""")
WORKS = list_of("""Hamlet|Macbeth|Faust|Moby Dick|War and Peace|Dracula|Frankenstein|Emma|Ulysses|the Odyssey|Don Quixote|the Hobbit|Dune|the Matrix|Titanic|Casablanca|Jaws|Othello|the Iliad|Anna Karenina|Middlemarch|Jane Eyre|Lolita|Siddhartha|Emil and the Detectives|Alice in Wonderland|Peter Pan|Robinson Crusoe|Treasure Island|Gulliver's Travels|Inception|Amadeus|Psycho|Vertigo|Avatar|Alien|Gladiator|Bambi|Momo|Heidi|Pinocchio|Cinderella|Rapunzel|Carmen|Tosca|the Magic Flute|Swan Lake|Breaking Bad|the Simpsons|Friends|Beowulf|Utopia|Candide|Steppenwolf|The Castle|Brave New World|Animal Farm|Fahrenheit 451|The Stranger|The Plague""")
WORK_FORMS = lines("""
summarise {x}
summarize {x} for me
give me a summary of {x}
who wrote {x}?
how does {x} end?
what happens in {x}?
what is the plot of {x}?
who is the main character of {x}?
is {x} worth it?
when was {x} written?
quote something from {x}
write a review of {x}
what do you think of {x}?
who dies in {x}?
the first sentence of {x}
the moral of {x}
""")
# What only the person can know.
PRIVATE_FORMS = lines("""
what am I {doing}?
do you know what I am {doing}?
guess what I am {doing}
where did I {did}?
when did I {did}?
why did I {did}?
with whom did I {did}?
do you know where I {past}?
""")
PRIVATE_DOINGS = list_of("""thinking about|looking at|wearing|eating|holding|drinking|listening to|watching on TV|cooking|feeling|planning for tomorrow|dreaming of|afraid of|carrying in my bag|sitting on|hiding|humming|drawing""")
PRIVATE_DEEDS = [tuple(part.split(":")) for part in list_of("""learn to swim:learnt to swim|go to school:went to school|spend my youth:spent my youth|grow old:grew old|get married:got married|lose my keys:lost my keys|leave my umbrella:left my umbrella|study:studied|meet my wife:met my wife|break my arm:broke my arm|buy this coat:bought this coat|work before:worked before|learn to drive:learnt to drive|hide the presents:hid the presents|sleep last night:slept last night|have breakfast:had breakfast|see her first:saw her first|live as a student:lived as a student|spend the summer:spent the summer|put the scissors:put the scissors""")]
NEWS_FORMS = lines("""
the latest news from {x}
any news about {x}?
what is new in {x}?
what happened in {x} {when}?
today's headlines on {x}
who won the election in {x}?
the weather in {x}
what time is it in {x}?
a flight to {x}
a good hotel in {x}
""")
PLACES = list_of("""Berlin|Paris|Tokyo|America|Europe|Africa|China|India|Brazil|Canada|Russia|Spain|Italy|Greece|Poland|Sweden|Turkey|Mexico|Peru|Chile|Australia|New York|London|Rome|Vienna|sport|politics|science|business|fashion|technology""")
# What nobody can know who was not there, and what nobody here can work out: {did} at {when}, and numbers drawn anew.
PAST_FORMS = lines("""
what did I {did} {when}?
do you know what I {past} {when}?
tell me what I {past} {when}
where did I {did} something {when}?
who saw what I {past} {when}?
which thing did I {did} {when}?
with whom did I {did} {when}?
guess what I {past} {when}
""")
PAST_DEEDS = [tuple(part.split(" ")) for part in list_of("""eat ate|drink drank|buy bought|cook cooked|wear wore|watch watched|read read|play played|learn learnt|lose lost|find found|draw drew|sell sold|break broke|win won|plan planned|steal stole|hide hid|sing sang|paint painted|bake baked|dream dreamt|celebrate celebrated""")]
PAST_TIMES = list_of("""yesterday|yesterday evening|on Friday|on Sunday|on my birthday|last night|last summer|last year|at Christmas|this morning|two days ago|in 2019|after work|as a child|in the holidays|on Monday morning|a week ago|before lunch|at school|at the party""")
NUMBER_FORMS = lines("""
what is {n} plus {m}?
{n} + {m}
{n} * {m} =
how much is {n} minus {m}?
divide {n} by {m}
{n} / {m}
multiply {n} by {m}
what is {n} per cent of {m}?
what is the cube of {n}?
{n} squared
{n} raised to {m}
is {n} divisible by {m}?
is {n} an even number?
what is {n} in binary?
what is {n} in hexadecimal?
write {n} in Roman numerals
what is the cube root of {n}?
what is the logarithm of {n}?
how many minutes are {n} hours?
how many feet are {n} metres?
convert {n} pounds to kilos
what is the sum of {n} and {m}?
what is the average of {n} and {m}?
add {n} and {m}
what is bigger, {n} or {m}?
what are the factors of {n}?
what was in the news in {n}?
who was king in {n}?
what comes after {n}, {m}?
roll {n} dice
""")


def deed(random, deeds):
    did, past = random.choice(deeds)
    return {"did": did, "past": past}


# How often questions of a kind are asked, compared with each other, its forms, and what is put into them.
OUTSIDE_KINDS = [
    (5, THING_FORMS, lambda random, words: {"x": random.choice(THINGS)}),
    (4, PROGRAM_FORMS, lambda random, words: {"p": random.choice(PROGRAMS), "p2": random.choice(PROGRAMS), "f": random.choice(FEATURES)}),
    (2, WORK_FORMS, lambda random, words: {"x": random.choice(WORKS)}),
    (2, PRIVATE_FORMS, lambda random, words: {"doing": random.choice(PRIVATE_DOINGS), **deed(random, PRIVATE_DEEDS)}),
    (2, PAST_FORMS, lambda random, words: {"when": random.choice(PAST_TIMES), **deed(random, PAST_DEEDS)}),
    (1, NEWS_FORMS, lambda random, words: {"x": random.choice(PLACES), "when": random.choice(PAST_TIMES)}),
    (2, NUMBER_FORMS, lambda random, words: {"n": words.number(random), "m": words.number(random)}),
]


def made_up_outside(random, words):
    """A question that is not Marvin's, from a form and what is put into it."""
    _, forms, fill = random.choices(OUTSIDE_KINDS, [share for share, *_ in OUTSIDE_KINDS])[0]
    return random.choice(forms).format(**fill(random, words))


NEAR_FORMS = lines("""
what is {w} in Kafka?
what does {w} do in Kafka?
how do I set {w} on a topic?
what is the {w} of a partition?
how do I configure {w}?
what is a {w} broker?
what does the option {w} do?
explain {w} in llama.cpp
what is a {w} consumer?
why does {w} happen?
how do I {w} a topic?
what is {w}?
what does {w} mean?
tell me about {w}
explain {w}
how does {w} work?
where is the {w}?
does Kafka have {w}?
what is the {w} in LangChain?
{w}
{w}?
{w} {w2}
do you know {w}?
who is {w}?
can I {w} my {w2}?
""")
