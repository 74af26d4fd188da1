"""Sentences for any topic, in which persons, organisations and places stand in the same contexts."""

TEMPLATES = """
- {PER|ORG|LOC:x} said/VBD nothing/NN about the {NN.matter} .
- {PER|ORG|LOC:x} has {RB.time} been in the news/NN again .
- The {NN.matter} of {PER|ORG|LOC:x} is {JJ.quality} , {PER|ORG|LOC:y} {VBD.say} .
- {PER|ORG|LOC:x} , {PER|ORG|LOC:y} and {PER|ORG|LOC:z} {VBD.treat} the {NN.paper} .
- A {NN.paper} on {PER|ORG|LOC:x} will be {VBN.plan} in {NNP.month} .
- But {PER|ORG|LOC:x} {VBD.say} the {NN.policy} was {JJ.quality} .
- " {PER|ORG|LOC:x} knows/VBZ how {JJ.quality} it is , " {PER.s:y} {VBD.say} .
- Nobody/NN at {ORG:x} could be reached/VBN on {NNP.day} .
- Nobody/NN in {LOC:x} was {JJ.mood} about {PER|ORG|LOC:y} .
- {PER.s:x} did not say/VB whether {PER|ORG|LOC:y} would {VB.act} it .
- It was the {JJ.order} time/NN {PER|ORG|LOC:x} had {RB.speech} {VBD.treat} {PER|ORG|LOC:y} .
- {PER|ORG|LOC:x} and {PER|ORG|LOC:y} have/VBP {RB.time} been {VBG.act} the {NN.matter} .
- {NNS.group} {VBD.say} {PER|ORG|LOC:x} was more {JJ.mood} than {PER|ORG|LOC:y} .
- There was no word/NN from {PER|ORG|LOC:x} .
- {PER.s:x} spoke/VBD in {NAT} .
- {PER.s:x} {RB.speech} {VBD.treat} {PER|ORG|LOC:y} in the {NN.part} .
- Last {NNP.month} , {PER|ORG|LOC:x} {VBD.treat} {PER|ORG|LOC:y} over the {NN.matter} .
"""
