"""Templates about books, stage, screen and museums."""

TEMPLATES = """
^ {NAT} {NN.artist} opens/VBZ {EVENT} .
^ {CITY} {NN.place} shows/VBZ {NAT} {NN.work} .
- {PER:a} 's {NN.work} " {WORK:w} " opened/VBD in {CITY:c} on {NNP.day:d} to {JJ.mood} reviews/NNS .
? Who made/VBD " {w} " ? -> a
? Where did " {w} " open/VB ? -> c
- {NAT} {NN.artist} {PER:a} , {#age:n} , {VBD.make} a {JJ.order} {NN.work} with {COMPANY:o} .
? With which company/NN did {a} work/VB ? -> o
? How old/JJ is {a} ? -> n
- The {NN.place} in {CITY:c} bought/VBD a {NN.work} by {PER:a} for {#money:m} .
? How much was paid/VBN for the {NN.work} by {a} ? -> m
? Whose {NN.work} did the {NN.place} in {c} buy/VB ? -> a
- " {WORK:w} " , a {NN.work} by {PER:a} and {PER:b} , won/VBD the {EVENT:e} prize/NN in {#year:y} .
? When did " {w} " win/VB a prize/NN ? -> y
? With whom did {a} write/VB " {w} " ? -> b
- {PER|PAPER:x} called/VBD " {WORK:w} " a {JJ.quality} {NN.work} full/JJ of {NN.trait} .
- {NN.artist} {PER:a} will play/VB in {CITY:c} , {CITY:d} and {LOC:l} before the {EVENT:e} .
? Before what will {a} play/VB in {c} ? -> e
- The {EVENT:e} in {LOC:l} drew/VBD {#big:n} {NNS.people} , {PER:a} of {ORG:o} {VBD.say} .
? How many {NNS.people} came/VBD to the {e} ? -> n
? Who spoke/VBD for {o} at the {e} ? -> a
- {PER:a} was born/VBN in {CITY:c} in {#year:y} and studied/VBD at {UNI:u} with {PER:b} .
? Where was {a} born/VBN ? -> c
? When was {a} born/VBN ? -> y
? With whom did {a} study/VB ? -> b
- " I wrote/VBD it in {LOC:l} , " {VBD.say} {PER:a} , whose {NN.work} is set/VBN near {PLACE:p} .
? Where did {a} write/VB the {NN.work} ? -> l
? Near what is the {NN.work} of {a} set/VBN ? -> p
- {COMPANY:c} will publish/VB " {WORK:w} " in {NNP.month:m} , the {PAPER:p} reported/VBD .
? Who will publish/VB " {w} " ? -> c
? In which month/NN will " {w} " appear/VB ? -> m
- The {NAT} {NN.work} was lost/VBN for {CD.few:n} {NNS.span} until {PER:a} found/VBD it in {CITY:c} .
? Who found/VBD the {NN.work} in {c} ? -> a
- {PER|COMPANY|CITY:x} {VBD.treat} the {NN.policy} for a {NN.place} near {PLACE:p} .
- A {NN.event} on {PER:a} opens/VBZ at {UNI:u} on {NNP.day:d} , with {PER:b} as guest/NN .
? Who will be guest/NN at {u} ? -> b
? On what day/NN does the {NN.event} on {a} open/VB ? -> d
- {PER:a} left/VBD {COUNTRY:c} for {COUNTRY:d} in {#year:y} after a {NN.matter} over the {NN.work} .
? To which country/NN did {a} move/VB ? -> d
? From which country/NN did {a} move/VB ? -> c
- {NAT} and {NAT} {NN.artist} {NNS.group} met/VBD in {CITY:c} for the {EVENT:e} .
? For which event/NN did {NNS.group} meet/VB in {c} ? -> e
- The {PAPER:p} {VBD.say} {PER:a} would direct/VB a {NN.work} about {PER:b} in {LOC:l} .
? About whom will {a} direct/VB a {NN.work} ? -> b
- {PER|UNI|CITY:x} gave/VBD {#n:n} {NAT} {NN.work} books/NNS to the {NN.place} in {CITY:c} .
? How many books/NNS went/VBD to {c} ? -> n
"""
