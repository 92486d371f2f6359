"""The known texts of the corpus, written for it, in a notation that every program can be fed from.

A text is a list of blocks: "# " and "## " begin headings, "- " items, "| " the cells of a row,
"> " quotations, "NAME: " what somebody says. Everything else is a paragraph.
"""

import re

RUNNING_HEAD = "Papers of the Coastal Society, volume two"

HARBOUR = """
# The harbour at low water

## Chapter 1. The dredger

The dredger came round the mole at a quarter past five, before the office of the harbour master
had opened its shutters, and nobody on the quay looked up from the fish. She was an old and
inefficient vessel, built for another river, and her crew of eleven had been promised a different
ship in every one of the last nine years. What she brought up that morning was the usual mixture:
silt, a bicycle, flat stones, the ribs of an umbrella, and a quantity of coal that had been
falling from the colliers since the days of the first steam cranes.

Mrs. Fairweather, who kept the accounts of the dredging company, had a theory about the coal. If
all of it were dried and sold, she said, it would pay for the bicycles. Her brother-in-law, a
well-read man with little patience for arithmetic, answered that nobody had asked for the bicycles
in the first place. They had this conversation on the first Monday of every month, and each of
them looked forward to it.

By six o'clock the tide had fallen below the third step, and the channel could be measured. The
surveyor lowered his lead at twenty-four places, wrote down twenty-four numbers, and crossed out
two of them, because the rope had caught on something. He did not know that a single one of these
figures would be quoted in a court of law eleven months later.

## Chapter 2. Figures

The commission wanted to know three things before the winter, and it wanted them in writing:

- how much silt had come down the river since the flood of the previous spring;
- which of the moorings would lie dry at an ordinary ebb;
- what it would cost to keep the office open on Sundays, when the ferries were fullest.

The surveyor answered the first question within a week. His table was short, and it left no room
for misunderstanding, although the commission afterwards found some.

| Place | Depth in 1911 | Depth in 1912 |
| Outer mole | 640 | 615 |
| Fish quay | 410 | 388 |
| Coal basin | 385 | 290 |

Nobody disputed the outer mole. The fish quay had lost a hand's breadth, as it did in every
ordinary year, and the fishermen shrugged. But the coal basin had become shallower by almost a
metre, and a metre was the difference between a harbour that could receive the afternoon packet
and one that could not. The director of the shipping line telegraphed twice. The second telegram
contained the word unsatisfactory, which the clerk copied out in red ink and pinned above the
stove.

## Chapter 3. What the diver saw

It was Fiona Halloran who finally went down. She had dived for sponges, for anchors and once, in
another country, for the wedding ring of a minister, and she regarded the floor of a harbour as
other people regard an attic: a place where families put what they cannot decide about. She stayed
under for nineteen minutes. When her helmet was unscrewed she asked for tea, and then she asked
whether anyone had thought of looking at the sluice.

> The gate does not close. There is a beam across the sill, as thick as a man, and behind it the
> mud has built itself a staircase. Every tide carries a little more of it over the top.

This was read into the record exactly as she said it. The engineer responsible for the sluice,
whose name was Pfeffer, offered the explanation that beams of such a size could only have come
from the shipyard; the shipyard replied, by the same afternoon's post, that all of its beams were
accounted for. Both letters have survived, and both are beautifully written.

The affair might have ended there, with a difficult crane and an official photograph, if the beam
had not been oak. Oak of that age was worth more than the crane. Three parties claimed it before
it was out of the water, and a fourth, the museum, sent a telegram to ask that it be kept wet.

## Chapter 4. The beam

Offers were made and refused. A carpenter who had examined the wood under a magnifying glass found
the marks of an adze, and between the marks a row of five small flowers, cut by somebody who had
time. No ship of the last two centuries had carried such flowers. The museum's first letter had
been cautious; its second used the word extraordinary, and its third came by special messenger,
together with a wagon, fifteen sacks of wet straw and a philosopher of uncertain function who was
to watch over the straw.

In the fortnight that followed, the harbour made more money from visitors than it had made from
coal in the whole of the autumn. Mrs. Fairweather recorded this without comment. The surveyor,
meanwhile, measured the coal basin again, and found that it had grown deeper by the width of four
fingers since the beam had gone. He measured it a second time to be certain. Then he walked over
to the office, unpinned the red telegram from above the stove, and wrote on its back the shortest
report of his career: the gate closes now.

## Chapter 5. Afterwards

The court case, when it came, concerned none of this. It was about a bicycle.
"""

MOOR = """
# Das Moor im Oktober

## Erstes Kapitel. Der Weg

Wer im Oktober über das Moor geht, soll früh aufbrechen und niemandem versprechen, wann er
zurückkommt. Der Weg ist im Sommer drei Stunden lang, nach dem ersten Regen aber fünf, und wenn
der Nebel kommt, hat er überhaupt keine Länge mehr. Die Torfstecherinnen kannten ein Mittel
dagegen: Sie zählten laut. Bei jeder hundertsten Zahl blieben sie stehen, riefen einen Namen und
warteten auf die Antwort.

Frau Überschär, die letzte von ihnen, hat mir das an ihrem Küchentisch erzählt, während draußen
der Südwestwind die Äpfel von den Bäumen schüttelte. Sie war neunundachtzig Jahre alt und hatte
noch jedes Gesicht vor Augen. Ihre Großmutter, sagte sie, habe niemals weiter gezählt als bis
siebenhundert; dann sei sie umgekehrt, gleichgültig, was noch zu holen war.

## Zweites Kapitel. Das Gerät

- ein Spaten mit schmalem Blatt
- eine Schürze aus gewachstem Öltuch
- zwei Bretter, größer als ein Stiefel

Mehr brauchte man nicht, um einen Winter lang zu heizen. Die Bretter schnallte man unter die Füße,
damit man auf den weichen Stellen nicht einsank, und die Schürze hielt das Wasser ab, das aus
jedem gestochenen Stück lief. Für die Straße, die man später baute, war das Moor zu weich und die
Rechnung zu hoch. Heute fährt dort, wo der Damm endet, eine kleine Bahn für Ausflügler; sie
braucht für die ganze Strecke achtzehn Minuten, und niemand zählt dabei.

## Drittes Kapitel. Der Nebel

Einmal, in einem November ohne Frost, ist eine ganze Schulklasse über Nacht draußen geblieben. Der
Lehrer ließ die Kinder singen, bis ihnen die Lieder ausgingen, und danach ließ er sie rechnen. Am
Morgen fand man alle dreiundzwanzig, müde, hungrig und, wie der Lehrer im Klassenbuch vermerkte,
außergewöhnlich sicher im großen Einmaleins.
"""

TALK = """
# Minutes of the night shift

Dora: Good evening. We have forty minutes before the trains stop, so let us begin with the signal
box.

Emil Brandt: The signal box is finished. We tested every lever twice, and the seventh one three
times, because it sticks when the weather is damp.

Dora: Does it stick tonight?

Emil Brandt: It does, a little. I have oiled it, and I have written to the workshop.

Dora: Thank you. What about the bridge?

Farah: The bridge is another matter. The painters have reached the middle of it, and they say that
the rust below the second bearing is deeper than the drawings allow. I would like to close the
left track until an engineer has looked at it.

Dora: For how long?

Farah: Two nights, if she comes tomorrow. A week, if she comes on Thursday.

Emil Brandt: We cannot close it on Thursday. There is the market, and eleven special trains.

Dora: Then she will have to come tomorrow. I will telephone tonight. Is there anything else?

Farah: The kettle is broken.

Emil Brandt: That was the seventh lever of the kitchen.

Dora: Buy a new one, and bring me the receipt. We meet again on Friday at ten.
"""

TEXTS = {"harbour": HARBOUR, "moor": MOOR, "talk": TALK}


def blocks(name):
    """The blocks of a text, each on one line."""
    found = []
    for block in re.split(r"\n\s*\n", TEXTS[name].strip()):
        lines = block.split("\n")
        if lines[0][:2] in {"- ", "| "}:
            found += lines
        else:
            found.append(
                " ".join(line.removeprefix("> ") if i else line for i, line in enumerate(lines))
            )
    return found


def plain(name):
    """A text without its notation: what all files of it should give."""
    stripped = [re.sub(r"^(#+|-|>) |^\| | \|$", "", block) for block in blocks(name)]
    return "\n".join(block.replace(" | ", " ") for block in stripped)


def words(text):
    """The words of a text, whatever marks stand between them."""
    return re.findall(r"\w+", text)
