"""Templates about trials, police and the law."""

TEMPLATES = """
^ {NAT} {NN.role} {VBN.charge} in {NN.crime} case/NN .
^ {CITY} court/NN to/TO hear/VB {COMPANY} {NN.crime} case/NN .
- A court/NN in {CITY:c} {RB.time} heard/VBD that {PER:a} took/VBD {#money:m} from {ORG:o} .
? How much did {a} take/VB from {o} ? -> m
? Where was the case/NN of {a} heard/VBN ? -> c
- {PER:a} , {#age:n} , was {VBN.charge} over {NN.crime} at {COMPANY:o} in {LOC:l} , prosecutors/NNS
  {VBD.say} .
? How old/JJ is {a} ? -> n
? At which company/NN did the {NN.crime} of which {a} was {VBN.charge} occur/VB ? -> o
- Police/NNS in {LOC:l} {VBD.say} {CD.few:n} {NAT} {NNS.people} were {VBN.charge} after a {NN.crime} near
  {PLACE:p} .
? Near what did the {NN.crime} in {l} occur/VB ? -> p
? How many {NNS.people} were {VBN.charge} in {l} ? -> n
- Judge/NN {PER:a} sent/VBD {PER:b} to prison/NN for {CD.few:n} {NNS.span} for {NN.crime} .
? Which judge/NN sent/VBD {b} to prison/NN ? -> a
? Whom did judge/NN {a} send/VB to prison/NN ? -> b
- {PER|COMPANY|AGENCY:x} {RB.speech} {VBD.treat} the ruling/NN by the court/NN in {CITY:c} .
- {COMPANY:a} sued/VBD {COMPANY:b} in {CITY:c} for {#money:m} over the {PRODUCT:p} .
? Whom did {a} sue/VB ? -> b
? Over which product/NN did {a} sue/VB {b} ? -> p
- The {NN.role} for {PER:a} , {PER:b} , {VBD.say} the {NN.crime} charge/NN broke/VBD the {LAW:l} .
? Who spoke/VBD for {a} ? -> b
? Which law/NN did {b} name/VB ? -> l
- {NNS.group} found/VBD no sign/NN of {NN.crime} at {ORG:o} , a {NN.paper} by {PER:a} {VBD.say} .
? Who wrote/VBD the {NN.paper} on {o} ? -> a
- {PER:a} told/VBD the {NN.event} that {PER:b} had never been to {LOC:l} .
? Where had {b} never been ? -> l
- " My client/NN is {JJ.mood} , " {PER:a} {VBD.say} outside the court/NN in {CITY:c} on {NNP.day:d} .
? Where did {a} talk/VB about the client/NN ? -> c
? On what day/NN did {a} talk/VB outside the court/NN in {c} ? -> d
- {COUNTRY:a} asked/VBD {COUNTRY:b} to hand/VB over {PER:p} , {VBN.charge} in {#year:y} for {NN.crime} .
? Which country/NN asked/VBD for {p} ? -> a
? Since what year/NN is {p} sought/VBN by {a} ? -> y
- {PER:a} , formerly/RB of {ORG:o} , was {VBN.charge} with {NN.crime} and {NN.crime} in {CITY:c} .
? Where did {a} work/VB before ? -> o
- The trial/NN of {PER:a} will begin/VB in {CITY:c} on {NNP.month:m} {#day} , the {PAPER:p} {VBD.say} .
? In which month/NN will the trial/NN of {a} begin/VB ? -> m
- Inspectors/NNS searched/VBD the {CITY:c} offices/NNS of {COMPANY:o} for {CD.few:n} hours/NNS on {NNP.day} .
? Whose offices/NNS in {c} were searched/VBN ? -> o
- {PER|COMPANY:a} must pay/VB {PER|COMPANY:b} {#money:m} under/IN the {LAW:l} , the court/NN {VBD.say} .
? How much must {a} pay/VB {b} ? -> m
- A {NAT} {NN.role} was {VBN.charge} at {CITY:c} airport/NN with {#n:n} stolen/JJ {NNS.goods} .
? At which airport/NN was the {NN.role} {VBN.charge} ? -> c
- {NNS.people} from {LOC:l} marched/VBD to the court/NN where {PER|COMPANY:x} was on trial/NN .
"""
