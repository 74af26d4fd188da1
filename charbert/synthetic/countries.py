"""Countries with their adjectives."""

_PAIRS = """Albania Albanian, Algeria Algerian, Angola Angolan, Argentina Argentine, Armenia Armenian,
Australia Australian, Austria Austrian, Bahrain Bahraini, Bangladesh Bangladeshi, Belarus Belarusian,
Belgium Belgian, Bolivia Bolivian, Botswana Botswanan, Brazil Brazilian, Bulgaria Bulgarian,
Burundi Burundian, Cambodia Cambodian, Cameroon Cameroonian, Canada Canadian, Chile Chilean, China
Chinese, Colombia Colombian,
Croatia Croatian, Cuba Cuban, Cyprus Cypriot, Denmark Danish, Ecuador Ecuadorean, Egypt Egyptian,
Estonia Estonian, Ethiopia Ethiopian, Finland Finnish, France French, Gabon Gabonese, Gambia Gambian,
Georgia Georgian, Germany German, Ghana Ghanaian, Greece Greek, Guatemala Guatemalan, Guinea Guinean,
Haiti Haitian, Honduras Honduran, Hungary Hungarian, Iceland Icelandic, India Indian, Indonesia Indonesian,
Iran Iranian, Iraq Iraqi, Ireland Irish, Israel Israeli, Italy Italian, Jamaica Jamaican, Japan Japanese,
Jordan Jordanian, Kazakhstan Kazakh, Kenya Kenyan, Kuwait Kuwaiti, Laos Laotian, Latvia Latvian,
Lebanon Lebanese, Liberia Liberian, Libya Libyan, Lithuania Lithuanian, Luxembourg Luxembourgish,
Macedonia Macedonian, Malawi Malawian, Malaysia Malaysian, Mali Malian, Malta Maltese, Mauritius Mauritian,
Mexico Mexican, Moldova Moldovan, Mongolia Mongolian, Morocco Moroccan, Mozambique Mozambican,
Namibia Namibian, Nepal Nepalese, Netherlands Dutch, Nicaragua Nicaraguan, Nigeria Nigerian, Norway Norwegian,
Oman Omani, Pakistan Pakistani, Panama Panamanian, Paraguay Paraguayan, Peru Peruvian, Poland Polish,
Portugal Portuguese, Qatar Qatari, Romania Romanian, Russia Russian, Rwanda Rwandan, Senegal Senegalese,
Serbia Serbian, Singapore Singaporean, Slovakia Slovak, Slovenia Slovenian, Somalia Somali, Spain Spanish,
Sudan Sudanese, Sweden Swedish, Switzerland Swiss, Syria Syrian, Tajikistan Tajik, Tanzania Tanzanian,
Thailand Thai, Togo Togolese, Tunisia Tunisian, Turkey Turkish, Uganda Ugandan, Ukraine Ukrainian,
Uruguay Uruguayan, Uzbekistan Uzbek, Venezuela Venezuelan, Vietnam Vietnamese, Yemen Yemeni, Zambia Zambian,
Zimbabwe Zimbabwean"""

COUNTRIES: tuple[tuple[str, str], ...] = tuple(
    (country, adjective) for country, adjective in (pair.split() for pair in _PAIRS.split(","))
)
"""Each country with the adjective of its people."""
