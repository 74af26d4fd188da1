"""Templates about companies, markets and trade."""

TEMPLATES = """
^ {COMPANY} {VBD.rise} on {NN.deal} talk/NN .
^ {NAT} {NN.market} {VBD.rise} in {NNP.month} .
^ {COMPANY} to/TO {VB.make} {NNS.goods} in {LOC} .
- Shares/NNS in {COMPANY:c} {VBD.rise} {#pct:p} to {#price:q} after its {NN.deal} with {COMPANY:d} .
? By how much did shares/NNS in {c} move/VB ? -> p
? With which company/NN did {c} agree/VB a {NN.deal} ? -> d
- {COMPANY:c} , based/VBN in {CITY:l} , {VBD.buy} the {NN.place} of {COMPANY:d} for {#money:m} .
? Where is {c} based/VBN ? -> l
? How much was paid/VBN for the {NN.place} of {d} ? -> m
- {PER|COMPANY|COUNTRY:x} {VBD.say} the {NN.market} figures/NNS for {NNP.month} were {JJ.quality} .
- {PER:a} , {NN.role} at {COMPANY:c} , {VBD.say} the {NN.deal} would cost/VB {#money:m} .
? For which company/NN does {a} work/VB ? -> c
? Who works/VBZ as a {NN.role} at {c} ? -> a
- {COUNTRY:c} 's {NN.market} {VBD.rise} {RB.manner} in {NNP.month:m} , the {AGENCY:o} {VBD.say} .
? Which agency/NN reported/VBD on {c} 's {NN.market} ? -> o
? In which month/NN did {c} 's {NN.market} move/VB ? -> m
- {COMPANY:c} will {VB.make} {NNS.goods} for {COMPANY:d} at a {NN.place} in {LOC:l} from {#next:y} .
? In what year/NN will {c} begin/VB to work/VB for {d} ? -> y
? Where will {c} work/VB for {d} ? -> l
- {NAT} {NN.metal} prices/NNS {VBD.rise} {#pct:p} in {CITY:c} as {NNS.group} waited/VBD for {PER|COMPANY:x} .
? Where did {NN.metal} prices/NNS change/VB by {p} ? -> c
- " Demand/NN for our {NNS.goods} is {JJ.size} , " {COMPANY:c} {NN.role} {PER:a} told/VBD the {PAPER:p} .
? Which newspaper/NN did {a} talk/VB to ? -> p
? Whose {NN.role} is {a} ? -> c
- {COMPANY:c} 's {NN.result} {VBD.rise} to {#money:m} from {#money:n} in the {JJ.order} quarter/NN .
? What did {c} 's {NN.result} reach/VB ? -> m
- The {NN.role} of {COMPANY:c} , {PER:a} , {VBD.say} {CD.few} {NN.place} sites/NNS near {CITY:l} would be
  closed/VBN .
? Near which town/NN will {c} close/VB sites/NNS ? -> l
- {NNS.group} at {COMPANY:a} and {COMPANY:b} {VBD.say} the {PRODUCT:p} sold/VBD {#big:n} units/NNS in
  {COUNTRY:c} .
? How many units/NNS of the {p} were sold/VBN in {c} ? -> n
? Where did the {p} sell/VB {n} units/NNS ? -> c
- {COMPANY:c} has {#big:n} workers/NNS in {COUNTRY:l} , where it has been {VBG.make} {NNS.goods} since
  {#year:y} .
? How many people/NNS work/VBP for {c} in {l} ? -> n
? Since when has {c} been in {l} ? -> y
- {COUNTRY:a} {RB.time} {VBD.buy} {#big:n} tonnes/NNS of {NN.crop} from {COUNTRY:b} , {NNS.group} {VBD.say} .
? How much did {a} order/VB from {b} ? -> n
- The {NAT} {NN.market} may fall/VB {#pct:p} this year/NN , {PER:a} of {COMPANY|UNI|AGENCY:o} {VBD.say} .
? Whom does {a} speak/VB for ? -> o
- {PER|COMPANY:x} was {RB.speech} {JJ.mood} about the {JJ.sector} {NN.deal} in {LOC:l} .
- {COMPANY:c} {VBD.say} it had {VBN.name} {PER:a} as {NN.role} , replacing/VBG {PER:b} from {NNP.month:m} .
? Who will replace/VB {b} at {c} ? -> a
? From which month/NN will {a} serve/VB {c} ? -> m
- {NNS.people} at {COMPANY:c} in {CITY:l} stopped/VBD work/NN for {CD.few:n} {NNS.span} over pay/NN .
? At which company/NN did {NNS.people} stop/VB work/NN in {l} ? -> c
- A {NN.vehicle} with {#big:n} tonnes/NNS of {NN.crop} left/VBD {CITY:a} for {CITY:b} on {NNP.day} .
? For which port/NN did the {NN.vehicle} leave/VB {a} ? -> b
- Traders/NNS in {CITY:c} {VBD.say} {PER|COMPANY|COUNTRY:x} had {RB.time} {VBD.buy} {JJ.size} amounts/NNS
  of {NN.metal} .
- " Nobody/NN at {COMPANY:c} has seen/VBN the {NN.paper} , " {PER:a} {VBD.say} by telephone/NN from {LOC:l} .
? From where did {a} telephone/VB ? -> l
"""
