"""Common words of the newswire by part of speech and sense: what templates vary besides names."""

from __future__ import annotations

_WORDS = {
    # who acts
    "NN.role": """spokesman spokeswoman minister adviser analyst economist director chairman lawyer official
        negotiator diplomat delegate governor senator mayor ambassador commissioner secretary treasurer
        planner banker investor manager trader broker consultant engineer professor researcher
        inspector prosecutor
        auditor envoy deputy""",
    "NN.artist": """novelist painter composer conductor pianist violinist sculptor playwright architect poet
        soprano guitarist choreographer photographer filmmaker actor singer cellist""",
    "NN.athlete": """striker goalkeeper midfielder defender captain forward winger sprinter swimmer hurdler
        cyclist wrestler gymnast rower boxer sweeper batsman bowler champion teenager veteran substitute""",
    "NN.expert": """biologist chemist physicist geologist astronomer botanist surgeon epidemiologist
        psychologist meteorologist zoologist archaeologist oceanographer mathematician""",
    "NNS.people": """workers farmers students teachers nurses drivers miners voters residents tourists
        passengers fishermen pensioners shareholders customers refugees soldiers engineers builders sailors
        lawmakers protesters supporters villagers commuters""",
    "NNS.group": """unions ministers investors traders analysts economists officials lawyers diplomats
        negotiators scientists researchers critics campaigners historians doctors bankers exporters
        importers""",
    # what it is about
    "NN.policy": """budget treaty ceasefire reform referendum election coalition amendment pension subsidy
        tariff privatisation constitution embargo mandate curfew levy boycott blockade truce pact decree
        moratorium quota inquiry summit programme""",
    "NN.deal": """merger takeover contract partnership bid agreement licence loan investment acquisition
        settlement venture flotation refinancing franchise lease""",
    "NN.market": """inflation output demand growth trade consumption unemployment production spending
        employment investment lending""",
    "NN.result": "turnover profit revenue output income debt equity dividend spending production",
    "NNS.goods": """cars computers tractors engines turbines textiles machines chemicals fertilisers
        medicines telephones ships aircraft batteries bicycles tyres furniture shoes clocks cameras printers
        pumps cables vehicles""",
    "NN.crop": """wheat barley coffee cocoa sugar cotton rice maize rubber timber tobacco soybean rapeseed
        sorghum sunflower millet""",
    "NN.metal": "copper aluminium nickel zinc silver gold steel platinum uranium cobalt lithium chromium",
    "NN.place": """factory hospital university airport harbour station museum library bridge stadium theatre
        prison school refinery laboratory warehouse market courthouse embassy village suburb hotel
        monastery reservoir shipyard""",
    "NN.work": """novel symphony opera film exhibition biography documentary painting concerto album poem
        sculpture musical ballet play portrait memoir""",
    "NN.crime": """fraud bribery smuggling forgery robbery arson theft espionage extortion perjury
        embezzlement burglary kidnapping blackmail counterfeiting""",
    "NN.disaster": """flood earthquake fire storm landslide avalanche explosion collision drought epidemic
        eruption hurricane cyclone blizzard accident shipwreck""",
    "NN.storm": "storm hurricane cyclone blizzard gale tempest typhoon tornado whirlwind squall",
    "NN.vehicle": """train ferry tanker lorry helicopter freighter coach trawler airliner submarine tram
        minibus barge""",
    "NN.weather": """rain snow sleet drizzle frost hail mist slush""",
    "NN.study": """protein planet comet fossil satellite glacier dinosaur mineral isotope crystal meteorite
        galaxy seaweed insect orchid lizard beetle molecule""",
    "NN.cure": "vaccine enzyme antibody medicine serum ointment drug tablet",
    "NN.illness": "virus parasite bacterium infection fever influenza measles malaria cholera",
    "NN.sport": """soccer tennis cricket rugby cycling rowing swimming athletics badminton hockey
        basketball volleyball handball boxing fencing judo golf snooker""",
    "NN.stage": """final semifinal quarterfinal opener replay playoff friendly decider""",
    "NN.event": """conference summit meeting ceremony rally congress seminar hearing festival reception
        workshop interview briefing dinner""",
    "NN.paper": """report statement letter document memorandum communique survey proposal petition
        complaint forecast bulletin article""",
    "NN.trait": """courage patience experience influence ambition discipline determination optimism
        criticism confidence caution anger disappointment""",
    "NN.matter": """question problem dispute crisis situation process decision pressure progress future
        project programme campaign system policy strategy debate""",
    "NN.injury": """ankle knee shoulder hamstring wrist thigh back groin elbow""",
    # how it is
    "JJ.size": """huge small large modest massive slight substantial considerable enormous limited major
        minor significant moderate""",
    "JJ.mood": """cautious hopeful optimistic angry confident worried satisfied disappointed pleased
        surprised relieved nervous furious delighted sceptical calm""",
    "JJ.quality": """important difficult serious dangerous expensive simple popular famous ancient modern
        controversial independent powerful brilliant remarkable stubborn outstanding ambitious generous
        unusual elegant quiet troubled crowded""",
    "JJ.sector": """industrial agricultural financial commercial military foreign domestic regional federal
        municipal national environmental medical electoral nuclear maritime diplomatic judicial""",
    "JJ.weather": """cold warm mild stormy humid cloudy windy sunny freezing sultry overcast chilly""",
    "JJ.rank": """senior former veteran retired acting chief leading deputy prominent""",
    "JJ.direction": """northern southern eastern western central coastal mountainous rural""",
    "RB.manner": """sharply slowly steadily quickly suddenly gradually briefly heavily slightly strongly
        widely rapidly""",
    "RB.time": """recently already eventually lately meanwhile""",
    "RB.speech": """publicly privately repeatedly openly bluntly firmly angrily calmly""",
    # what they do
    "VBD.say": """said announced declared insisted argued warned claimed admitted explained stressed
        predicted acknowledged complained conceded maintained suggested confirmed""",
    "VBD.rise": """rose fell climbed dropped slipped jumped tumbled gained soared plunged rallied declined
        eased recovered weakened strengthened""",
    "VBD.treat": """criticised praised rejected welcomed attacked defended supported condemned opposed
        endorsed questioned""",
    "VBD.beat": """beat defeated thrashed outplayed edged crushed overcame overpowered stunned upset
        outclassed eliminated""",
    "VBP.win": "beat defeat crush stun edge thrash humble upset eliminate",
    "VBD.visit": """visited left reached toured""",
    "VBD.buy": """bought acquired sold""",
    "VBD.meet": """met telephoned addressed consulted interviewed briefed""",
    "VBD.make": """finished completed recorded produced published presented""",
    "VBD.hit": """destroyed damaged flooded struck devastated threatened isolated paralysed""",
    "VBD.find": """discovered identified observed detected described photographed measured analysed""",
    "VBN.charge": """charged arrested convicted acquitted accused cleared""",
    "VBN.hurt": """injured evacuated rescued stranded trapped hospitalised""",
    "VBN.plan": """planned expected delayed cancelled postponed scheduled approved""",
    "VBN.name": """appointed elected nominated named dismissed replaced""",
    "VB.act": """support reject approve postpone discuss review abandon consider accept suspend ratify
        oppose examine finance""",
    "VB.make": """build export import supply develop assemble sell deliver manufacture""",
    "VBG.act": """discussing considering reviewing studying preparing drafting blocking financing examining
        rewriting""",
    "VBG.make": """building exporting importing supplying developing assembling selling producing""",
    # when
    "NNP.day": "Monday Tuesday Wednesday Thursday Friday Saturday Sunday",
    "NNP.month": "January February March April May June July August September October November December",
    "CD.few": "two three four five six seven eight nine ten twelve fifteen twenty thirty forty fifty",
    "JJ.order": "first second third fourth fifth sixth seventh eighth ninth tenth",
    "NNS.span": "days weeks months years hours",
    "NN.part": "morning afternoon evening night",
}

LEXICON: dict[str, tuple[str, ...]] = {name: tuple(words.split()) for name, words in _WORDS.items()}
"""Words of each class; the class name begins with their Penn part of speech."""

_FUNCTION_WORDS = {
    "DT": "the a an this that these those each every another some any no both all",
    "IN": """of in on at by for from with into over after before under against about between during since
        until through among despite because while as if than without within near across behind beyond along
        although though whether like per throughout towards amid outside ahead""",
    "TO": "to",
    "CC": "and or but nor",
    "MD": "will would could should may might can must",
    "PRP": "he she it they we I you him them us itself himself herself",
    "PRP$": "his her its their our my",
    "VBD": "was were had did",
    "VBZ": "is has does",
    "VBP": "are have do",
    "VB": "be",
    "VBN": "been",
    "VBG": "being having",
    "WP": "who what whom",
    "WDT": "which",
    "WP$": "whose",
    "WRB": "when where how why",
    "EX": "there",
    "RB": """not much also only still again just never soon almost nearly later now then too very ago away
        once yesterday today""",
    "RBR": "more",
    "JJR": "less",
    "JJS": "most",
    "JJ": "last next other many several new own",
    "RP": "up down out off back",
    "CD": "one two three four five six",
    "POS": "'s",
    "$": "$",
    ",": ",",
    ".": ". ? !",
    ":": ": ; - --",
    '"': '"',
    "(": "(",
    ")": ")",
}

FUNCTION_POS: dict[str, str] = {word: pos for pos, words in reversed(_FUNCTION_WORDS.items()) for word in words.split()}
"""Penn part of speech of the closed-class words and marks that templates may use bare."""
