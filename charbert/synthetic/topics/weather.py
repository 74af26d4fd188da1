"""Templates about the weather and its costs."""

TEMPLATES = """
^ {JJ.weather} {NN.weather} in {LOC} .
^ {NN.storm} {NN.matter} in {COUNTRY} .
- {JJ.weather} air/NN will bring/VB {NN.weather} to {LOC:l} by {NNP.day:d} , {PER:a} of {AGENCY:o} {VBD.say} .
? On what day/NN will {NN.weather} reach/VB {l} ? -> d
? Who forecast/VBD {NN.weather} in {l} ? -> a
- Temperatures/NNS in {CITY:c} reached/VBD {#deg:t} degrees/NNS on {NNP.day} , the highest/JJS since
  {#year:y} .
? How many degrees/NNS were measured/VBN in {c} ? -> t
? Since what year/NN has {c} not been warmer/JJR ? -> y
- {NN.weather} closed/VBD the airport/NN at {CITY:c} and held/VBD up {NNS.people} bound/VBN for {LOC:l} .
? Where was the airport/NN closed/VBN ? -> c
- {#n:n} {NNS.people} were {VBN.hurt} near {PLACE:p} when {NN.weather} covered/VBD the road/NN to {CITY:c} .
? How many {NNS.people} were {VBN.hurt} near {p} ? -> n
? To which town/NN does the road/NN near {p} go/VB ? -> c
- Forecasters/NNS at {ORG:o} {VBD.say} {NN.weather} over {LOC:l} would last/VB {CD.few:n} {NNS.span} .
? How long/RB would the {NN.weather} over {l} last/VB ? -> n
- {COUNTRY:c} 's {NN.crop} harvest/NN may drop/VB {#pct:p} because of {NN.weather} , {COMPANY:o} {VBD.say} .
? By how much may the {NN.crop} harvest/NN of {c} drop/VB ? -> p
? Which company/NN wrote/VBD about the harvest/NN in {c} ? -> o
- The {WATER:p} rose/VBD {#n:n} centimetres/NNS after {CD.few} {NNS.span} of {NN.weather} in {LOC:l} .
? How much did the {p} rise/VB ? -> n
- {PER:a} , who farms/VBZ near {CITY:c} , {VBD.say} the {NN.crop} crop/NN had been {RB.manner} {VBD.hit}/VBN .
? Near which town/NN does {a} farm/VB ? -> c
- {PER|AGENCY|CITY:x} {VBD.say} schools/NNS would stay/VB closed/JJ until {NNP.day} because of {NN.weather} .
- A {NN.storm} with winds/NNS of {#wind:n} kilometres/NNS an hour/NN {VBD.hit} {LOC:l} in the {NN.part} .
? How strong/JJ were the winds/NNS in {l} ? -> n
- In {COUNTRY:a} it will be {JJ.weather} on {NNP.day} , with {NN.weather} in {CITY:b} and {CITY:c} .
- {NN.weather} fell/VBD on {CITY:c} for the {JJ.order} time/NN this {NNP.month:m} , the {PAPER:p} wrote/VBD .
? Which newspaper/NN reported/VBD on the {NN.weather} in {c} ? -> p
- Ferries/NNS between {CITY:a} and {CITY:b} were {VBN.plan} as {NN.weather} {VBD.hit} the {WATER:p} .
? Between which town/NN and {b} did ferries/NNS stop/VB ? -> a
- {NNS.people} in {LOC:l} spent/VBD a {JJ.order} night/NN without power/NN , {PER|COMPANY:x} {VBD.say} .
- " We have not seen/VBN such/JJ {NN.weather} since {#year:y} , " {PER:a} told/VBD the {PAPER:p} in {CITY:c} .
? When did {a} last see/VB such/JJ {NN.weather} ? -> y
- {AGENCY:o} {VBD.say} {NNP.month:m} had been the {JJ.order} {JJ.weather} month/NN in {COUNTRY:c} .
? Which month/NN did {o} describe/VB in {c} ? -> m
- {COMPANY:c} moved/VBD {#n:n} {NNS.people} from its {NN.place} at {PLACE:p} before the {NN.storm} .
? From where did {c} move/VB {NNS.people} ? -> p
? How many {NNS.people} did {c} move/VB from {p} ? -> n
"""
