"""Templates about matches, races and results."""

TEMPLATES = """
^ {NN.sport} - {TEAM:a} {VBP.win} {a~b} {#score} .
^ {NN.sport} - {PER.s} {NN.injury} {NN.matter} before {EVENT} .
^ {NN.sport} - {EVENT} results/NNS .
- {PER|TEAM:a} {VBD.beat} {a~b} {#score:s} in the {NN.stage} of the {EVENT:e} on {NNP.day} .
? Which competition/NN did {a} and {b} meet/VB in ? -> e
? What was the score/NN between {a} and {b} ? -> s
- {PER:a} {VBD.beat} {PER:b} {#sets:s} to win/VB the {EVENT:e} in {CITY:c} .
? Who won/VBD the {e} ? -> a
? Whom did {a} beat/VB to win/VB the {e} ? -> b
- {TEAM:a} drew/VBD {#draw:s} with {TEAM:b} at {VENUE:p} before {#big:n} people/NNS .
? How many people/NNS watched/VBD {a} against {b} ? -> n
? Where did {a} meet/VB {b} ? -> p
- {NN.athlete} {PER:a} scored/VBD in the {#minute:m} minute/NN as {CLUB:b} {VBD.beat} {CLUB:c} {#score} .
? In which minute/NN did {a} score/VB for {b} ? -> m
? Against whom did {a} score/VB ? -> c
- {PER:a} ( {COUNTRY:c} ) {#time:t}
? What was the time/NN of {a} ? -> t
? Which country/NN does {a} race/VB for ? -> c
- {#rank} . {PER:a} ( {COUNTRY:c} ) {CLUB:t} {#time}
? For which team/NN does {a} race/VB ? -> t
- {PER:a} ( {COUNTRY} ) beat/VBD {PER:b} ( {COUNTRY} ) {#sets:s}
? What was the score/NN of {a} against {b} ? -> s
- {TEAM:a} {#n} {TEAM:b} {#n}
- {#rank} . {CLUB:a} {#n} {#n} {#n} {#n:k}
- {CLUB:c} have/VBP signed/VBN {NAT} {NN.athlete} {PER:a} from {CLUB:b} for {#money:m} .
? From which club/NN did {c} sign/VB {a} ? -> b
? How much did {c} pay/VB for {a} ? -> m
- {COUNTRY:c} 's {PER:a} {VBD.beat} the {NAT} {NN.athlete} {PER:b} on {NNP.day:d} in {CITY:l} .
? Where did {a} meet/VB {b} ? -> l
? Which country/NN is {a} from ? -> c
- {PER:a} , {#age} , will miss/VB the {EVENT:e} with a {NN.injury} injury/NN , {CLUB:c} {VBD.say} .
? What will {a} miss/VB ? -> e
? Which club/NN reported/VBD the injury/NN of {a} ? -> c
- {JJ.rank} {TEAM:t} {NN.role} {PER:a} {VBD.say} his team/NN had shown/VBN {NN.trait} in {LOC:l} .
? Who spoke/VBD for {t} ? -> a
- " We played/VBD with {NN.trait} , " {PER:a} {VBD.say} after {CLUB:b} {VBD.beat} {CLUB:c} in the {NN.stage} .
? Whom did {b} beat/VB in the {NN.stage} ? -> c
- {PER|TEAM:a} moved/VBD to {JJ.order} place/NN in the {EVENT:e} after {PER|TEAM:b} lost/VBD .
- The {EVENT:e} will be held/VBN in {CITY:c} in {NNP.month:m} , the {AGENCY:o} {VBD.say} .
? Where will the {e} be held/VBN ? -> c
? In which month/NN will the {e} be held/VBN ? -> m
- {NAT} {NN.athlete} {PER:a} set/VBD a record/NN of {#time:t} at the {EVENT:e} near {PLACE:p} .
? What record/NN did {a} set/VB at the {e} ? -> t
? At which event/NN did {a} set/VB a record/NN ? -> e
- {CLUB:a} and {CLUB:b} want/VBP to sign/VB {PER:p} , the {PAPER:n} reported/VBD .
? Which newspaper/NN wrote/VBD about {p} ? -> n
- {TEAM:a} lead/VBP {TEAM:b} by {CD.few:n} points/NNS with {CD.few} matches/NNS left/VBN .
? By how many points/NNS do/VBP {a} lead/VB {b} ? -> n
- {PER:a} and {PER:b} shared/VBD the lead/NN on {#n:k} after the {JJ.order} round/NN in {LOC:l} .
? With whom did {a} share/VB the lead/NN in {l} ? -> b
- {PER|CLUB|COUNTRY:x} played/VBD with {NN.trait} and {NN.trait} in {LOC:l} , {PER:a} {VBD.say} .
"""
