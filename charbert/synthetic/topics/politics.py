"""Templates about governments, elections and diplomacy."""

TEMPLATES = """
^ {COUNTRY} {NNS.group} {VB.act} {NN.policy} {NN.deal} .
^ {PER.s:a} {VBD.treat} {NAT} {NN.policy} .
^ {NAT} {NN.role} to/TO visit/VB {CITY} .
- {COUNTRY:c} 's {NN.role} {PER:a} {VBD.say} on {NNP.day:d} that the {NN.policy} would be {VBN.plan} .
? Who spoke/VBD for {c} about the {NN.policy} ? -> a
? On what day/NN did {a} speak/VB for {c} ? -> d
- {PER|ORG|COUNTRY:x} {VBD.treat} the {JJ.sector} {NN.policy} , saying/VBG it was too {JJ.quality} .
- The {NAT} government/NN {VBD.say} it would {VB.act} the {LAW:l} before the end/NN of {NNP.month:m} .
? Before the end/NN of which month/NN would they {VB.act} the {l} ? -> m
- {PER:a} , the {JJ.rank} leader/NN of the {PARTY:p} , {VBD.say} {a.s} had no plans/NNS to resign/VB .
? Which party/NN does {a} lead/VB ? -> p
? Who leads/VBZ the {p} ? -> a
- Talks/NNS between {COUNTRY:a} and {COUNTRY:b} on the {NN.policy} broke/VBD down in {CITY:c} after
  {CD.few} {NNS.span} .
? Where did talks/NNS between {a} and {b} break/VB down ? -> c
? With whom did {a} hold/VB talks/NNS in {c} ? -> b
- {PER:a} {VBD.meet} {PER:b} in {CITY:c} on {NNP.day} and both were {JJ.mood} about the {NN.policy} .
? Where did {a} see/VB {b} ? -> c
- " We will {VB.act} this {NN.policy} , " {PER:a} of the {ORG:o} told/VBD reporters/NNS in {CITY:c} .
? For which organisation/NN does {a} speak/VB ? -> o
? In which town/NN did {a} talk/VB to reporters/NNS ? -> c
- Voters/NNS in {LOC:l} gave/VBD {PER:a} of the {PARTY:p} {#pct:n} of the vote/NN .
? Who won/VBD {n} of the vote/NN in {l} ? -> a
? What share/NN of the vote/NN did {a} win/VB in {l} ? -> n
- {NAT} and {NAT} diplomats/NNS are {VBG.act} a {JJ.size} {NN.policy} with {PER|COUNTRY|AGENCY:x} .
- {PER:a} was {VBN.name} as {NN.role} of {AGENCY:o} in {#year:y} , replacing/VBG {PER:b} .
? Whom did {a} replace/VB at {o} ? -> b
? When did {a} join/VB {o} ? -> y
- The {PARTY:p} holds/VBZ {#n:k} seats/NNS in {COUNTRY:c} 's {JJ.sector} {NN.policy} committee/NN .
? How many seats/NNS does the {p} hold/VB ? -> k
- {PER:a} {VBD.visit} {LOC:b} on {NNP.day} for a {NN.event} with {NAT} {NNS.group} .
? Which place/NN did {a} see/VB ? -> b
- " It is a {JJ.quality} {NN.matter} , " {VBD.say} {PER|AGENCY|COUNTRY:x} in a {NN.paper} .
- {COUNTRY:a} recalled/VBD its {NN.role} from {CITY:b} over the {NN.crime} case/NN and {VBN.name} {PER:c} .
? From where did {a} recall/VB its {NN.role} ? -> b
- {CITY:c} 's mayor/NN , {PER:a} , {VBD.say} the {NN.place} near {PLACE:p} should be closed/VBN .
? Who is mayor/NN of {c} ? -> a
? Near what does the {NN.place} in {c} stand/VB ? -> p
- Parliament/NN in {COUNTRY:c} will {VB.act} the {LAW:l} next {NNP.day} , {PER:a} {VBD.say} .
? Which law/NN will {c} 's parliament/NN vote/VB on ? -> l
- {NNS.group} from {COUNTRY:a} , {COUNTRY:b} and {LOC:c} {VBD.say} they were {JJ.mood} .
- {PER:a} , {#age:n} , was {VBN.name} to lead/VB the {NAT} delegation/NN at the {NN.event} in {CITY:c} .
? Who was to lead/VB the delegation/NN in {c} ? -> a
? How old/JJ is {a} ? -> n
- In {LOC:l} , {NNS.people} {RB.speech} {VBD.treat} the {NN.policy} that {PER|PARTY|AGENCY:x} had {VBN.plan} .
- The {NN.event} between {PER:a} and {PER:b} lasted/VBD {CD.few:n} hours/NNS , a {JJ.rank} {NN.role}
  {VBD.say} .
? How many hours/NNS did {a} and {b} talk/VB ? -> n
"""
