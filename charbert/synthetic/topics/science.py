"""Templates about research, medicine and space."""

TEMPLATES = """
^ {NAT} {NNS.group} study/VBP {NN.study} from {PLACE} .
^ {UNI} {NN.expert} {VBD.find} {NN.study} .
- {NN.expert} {PER:a} of the {UNI:u} {VBD.find} a {JJ.quality} {NN.study} in {LOC:l} .
? Where does {a} do/VB research/NN ? -> u
? In which place/NN did {a} find/VB a {NN.study} ? -> l
- Researchers/NNS at {UNI|COMPANY:u} {VBD.find} the {NN.study} with the {PRODUCT:p} in {NNP.month:m} .
? What did researchers/NNS at {u} use/VB ? -> p
? In which month/NN did {u} describe/VB the {NN.study} ? -> m
- " The {NN.study} is {JJ.quality} , " {PER:a} wrote/VBD in the {PAPER:p} .
? In which journal/NN did {a} write/VB about the {NN.study} ? -> p
- {PER|COMPANY|COUNTRY:x} will {VB.act} a {NN.study} project/NN worth/JJ {#money:m} .
- The {NN.study} , seen/VBN from {PLACE:p} by {NAT} {NN.expert} {PER:a} , is {#big:n} years/NNS old/JJ .
? How old/JJ is the {NN.study} seen/VBN by {a} ? -> n
? From where did {a} see/VB the {NN.study} ? -> p
- {COMPANY:c} and the {UNI:u} tested/VBD a {NN.cure} on {#big:n} {NNS.people} in {COUNTRY:l} .
? On how many {NNS.people} did {c} test/VB a {NN.cure} ? -> n
? With which university/NN does {c} work/VB ? -> u
- {PER:a} and {PER:b} , both of {UNI:u} , shared/VBD a prize/NN of {#money:m} for work/NN on the {NN.study} .
? With whom did {a} share/VB a prize/NN ? -> b
? How much money/NN did {a} and {b} share/VB ? -> m
- A {NN.study} named/VBN after {PER:a} was {RB.time} found/VBN near {CITY:c} .
? After whom is the {NN.study} near {c} named/VBN ? -> a
- {COUNTRY:c} 's {JJ.order} {NN.study} centre/NN will open/VB in {CITY:l} in {#next:y} , {PER:a} {VBD.say} .
? When will the centre/NN in {l} open/VB ? -> y
? In which city/NN of {c} will a {NN.study} centre/NN open/VB ? -> l
- {NNS.group} in {LOC:l} {VBD.find} {JJ.size} amounts/NNS of {NN.metal} in the {NN.study} , the {UNI:u}
  {VBD.say} .
? Which university/NN wrote/VBD about the {NN.study} in {l} ? -> u
- {PER:a} , a {NN.expert} , left/VBD {UNI:u} for {COMPANY:c} in {#year:y} .
? Which company/NN did {a} join/VB ? -> c
? When did {a} leave/VB {u} ? -> y
- {PER|UNI|COMPANY:x} was the {JJ.order} to describe/VB the {NN.study} , {NNS.group} in {CITY:c} {VBD.say} .
- The {NN.vehicle} sailed/VBD from {CITY:a} to {PLACE:p} with {#n:n} {NNS.group} aboard/RB .
? From which port/NN did the {NN.vehicle} sail/VB to {p} ? -> a
? Where did the {NN.vehicle} sail/VB from {a} ? -> p
- The {AGENCY:o} {VBD.say} {#n:n} {NNS.people} in {LOC:l} had caught/VBN the {NN.illness} since {NNP.month} .
? How many {NNS.people} in {l} caught/VBD the {NN.illness} ? -> n
- {PER:a} will lead/VB {CD.few:n} {NAT} {NNS.group} to {PLACE:p} to study/VB a {NN.study} .
? Where will {a} lead/VB {NNS.group} ? -> p
- Tests/NNS at a {NN.place} in {CITY:c} showed/VBD the {NN.study} was {RB.manner} growing/VBG , {PER:a}
  {VBD.say} .
? Where were the tests/NNS reported/VBN by {a} done/VBN ? -> c
- A {NN.paper} by {UNI:u} and {AGENCY:o} {VBD.treat} the {NN.study} {NN.policy} in {COUNTRY:c} .
? Which agency/NN worked/VBD with {u} in {c} ? -> o
"""
