"""Templates about accidents, fires and rescues."""

TEMPLATES = """
^ {NN.disaster} {VBD.hit} {NN.place} in {LOC} .
^ {#n} {NNS.people} {VBN.hurt} in {NAT} {NN.vehicle} {NN.disaster} .
- A {NN.disaster} {VBD.hit} the {NN.place} in {CITY:c} , and {#n:n} {NNS.people} were {VBN.hurt} .
? Where did a {NN.disaster} reach/VB the {NN.place} ? -> c
? How many {NNS.people} were {VBN.hurt} in {c} ? -> n
- A {NN.vehicle} from {CITY:a} to {CITY:b} caught/VBD fire/NN near {PLACE:p} on {NNP.day} {NN.part} .
? Near what did the {NN.vehicle} from {a} catch/VB fire/NN ? -> p
? For which town/NN did the {NN.vehicle} from {a} leave/VB ? -> b
- {PER|COMPANY|AGENCY:x} {VBD.say} the {NN.vehicle} had been {RB.time} tested/VBN in {LOC:l} .
- Rescuers/NNS led/VBN by {PER:a} reached/VBD {NNS.people} {VBN.hurt} at {PLACE:p} after {CD.few:n}
  {NNS.span} .
? Who led/VBD rescuers/NNS to {p} ? -> a
? Where did {a} lead/VB rescuers/NNS ? -> p
- The {NN.disaster} in {COUNTRY:c} cost/VBD {COMPANY:o} {#money:m} , its {NN.role} {PER:a} {VBD.say} .
? How much did the {NN.disaster} in {c} cost/VB {o} ? -> m
? Which company/NN does {a} work/VB for ? -> o
- {COUNTRY:a} sent/VBD {#n:n} {NNS.goods} and {NNS.people} to {COUNTRY:b} after the {NN.disaster} .
? Where did {a} send/VB {NNS.goods} ? -> b
? Which country/NN helped/VBD {b} ? -> a
- {PER:a} , a {NN.role} from {CITY:c} , {VBD.say} the {NN.disaster} began/VBD in a {NN.place} at {#clock:t} .
? When did the {NN.disaster} described/VBN by {a} begin/VB ? -> t
? From where is {a} ? -> c
- {#big:n} {NNS.people} left/VBD {LOC:l} as the {NN.disaster} spread/VBD towards {CITY:c} .
? How many {NNS.people} left/VBD {l} ? -> n
? Towards which town/NN did the {NN.disaster} spread/VB ? -> c
- The {NAT} {NN.vehicle} , owned/VBN by {COMPANY:o} , sank/VBD off {LOC:l} with {#n:n} {NNS.people}
  aboard/RB .
? Who owned/VBD the {NN.vehicle} that sank/VBD off {l} ? -> o
? Where did the {NN.vehicle} of {o} sink/VB ? -> l
- " The road/NN to {CITY:c} is gone/VBN , " {PER:a} of {ORG:o} {VBD.say} on {NNP.day} .
? To which town/NN is the road/NN gone/VBN ? -> c
? For whom does {a} work/VB ? -> o
- {PER:a} and {PER:b} were {VBN.hurt} when a {NN.vehicle} crashed/VBD in {LOC:l} .
? Who besides/IN {a} was {VBN.hurt} in {l} ? -> b
- The {NN.disaster} was the {JJ.order} in {LOC:l} since {#year:y} , {UNI:u} {VBD.say} .
? Since what year/NN has {l} been spared/VBN ? -> y
- {NNS.group} at {UNI|AGENCY:u} measured/VBD the {NN.disaster} at {#dec:k} near {CITY:c} .
? What strength/NN did {u} measure/VB near {c} ? -> k
- {COMPANY:o} closed/VBD its {NN.place} in {CITY:c} after a {NN.disaster} on {NNP.day:d} , {PER:a} {VBD.say} .
? When did a {NN.disaster} happen/VB at {o} in {c} ? -> d
- {PER|COUNTRY|AGENCY:x} {VBD.say} help/NN for {LOC:l} would be {RB.manner} increased/VBN .
- {NNS.people} near {PLACE:p} heard/VBD the {NN.disaster} in the {NN.part} , {PER:a} told/VBD the {PAPER:n} .
? Which newspaper/NN did {a} tell/VB about the {NN.disaster} ? -> n
- {AGENCY:o} {RB.speech} {VBD.treat} {COMPANY:c} over the {NN.disaster} at {PLACE:p} in {#year:y} .
? Which company/NN did {o} speak/VB about ? -> c
? Where did the {NN.disaster} at {c} happen/VB ? -> p
"""
