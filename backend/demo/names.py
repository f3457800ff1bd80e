"""Names of many cultures for the demo organisation: (as written, as in an e-mail address)."""

# ruff: noqa: RUF001 - names are written in their own scripts

Name = tuple[str, str]

FIRST: dict[str, tuple[Name, ...]] = {
    "french": (
        ("Amélie", "amelie"), ("Baptiste", "baptiste"), ("Chloé", "chloe"), ("Étienne", "etienne"),
        ("Fanny", "fanny"), ("Gaël", "gael"), ("Héloïse", "heloise"), ("Jean-Christophe", "jean-christophe"),
        ("Léa", "lea"), ("Maëlys", "maelys"), ("Noémie", "noemie"), ("Théo", "theo"),
    ),
    "english": (
        ("Abigail", "abigail"), ("Callum", "callum"), ("Daisy", "daisy"), ("Ethan", "ethan"),
        ("Grace", "grace"), ("Harriet", "harriet"), ("Jack", "jack"), ("Maxwell", "maxwell"),
        ("Olivia", "olivia"), ("Rhys", "rhys"), ("Sophie", "sophie"), ("Tyrone", "tyrone"),
    ),
    "spanish": (
        ("Alejandra", "alejandra"), ("Benjamín", "benjamin"), ("Begoña", "begona"), ("Diego", "diego"),
        ("Inés", "ines"), ("José Antonio", "jose-antonio"), ("Lucía", "lucia"), ("Nicolás", "nicolas"),
        ("Ximena", "ximena"),
    ),
    "portuguese": (
        ("Antônia", "antonia"), ("Caio", "caio"), ("Conceição", "conceicao"), ("João", "joao"),
        ("Letícia", "leticia"), ("Thiago", "thiago"), ("Vinícius", "vinicius"),
    ),
    "japanese": (
        ("陽菜", "hina"), ("健太", "kenta"), ("さくら", "sakura"), ("大輔", "daisuke"), ("美咲", "misaki"),
        ("翔", "sho"), ("由美子", "yumiko"),
    ),
    "chinese": (
        ("伟", "wei"), ("秀英", "xiuying"), ("雨桐", "yutong"), ("子轩", "zixuan"), ("晓明", "xiaoming"),
    ),
    "arabic": (
        ("فاطمة", "fatima"), ("عمر", "omar"), ("ليلى", "layla"), ("يوسف", "yusuf"), ("نور", "nour"),
        ("خالد", "khalid"), ("مريم", "maryam"),
    ),
    "hebrew": (("נועה", "noa"), ("איתן", "eitan"), ("תמר", "tamar"), ("יונתן", "yonatan")),
    "indian": (
        ("Aarav", "aarav"), ("Priya", "priya"), ("Lakshmi", "lakshmi"), ("Rohan", "rohan"),
        ("Venkateswaran", "venkateswaran"), ("Ananya", "ananya"), ("Harpreet", "harpreet"),
    ),
    "nordic": (
        ("Åse", "aase"), ("Bjørn", "bjorn"), ("Guðrún", "gudrun"), ("Sigríður", "sigridur"), ("Øyvind", "oyvind"),
        ("Mikko", "mikko"), ("Zoë", "zoe"),
    ),
    "slavic": (
        ("Agnieszka", "agnieszka"), ("Łukasz", "lukasz"), ("Олександра", "oleksandra"), ("Dmitri", "dmitri"),
        ("Željka", "zeljka"), ("Jiří", "jiri"), ("Мария", "maria"),
    ),
    "african": (
        ("Chidubem", "chidubem"), ("Ngozi", "ngozi"), ("Oluwaseun", "oluwaseun"), ("Thandiwe", "thandiwe"),
        ("Kwame", "kwame"), ("Amina", "amina"),
    ),
    "greek": (("Ελένη", "eleni"), ("Γιώργος", "giorgos"), ("Despina", "despina")),
    "vietnamese": (("Thị Hương", "huong"), ("Minh Đức", "minh-duc"), ("Ngọc Anh", "ngoc-anh")),
}  # fmt: skip

LAST: dict[str, tuple[Name, ...]] = {
    "french": (
        ("Lefèvre", "lefevre"), ("Moreau", "moreau"), ("de La Rochefoucauld-Montbel", "de-la-rochefoucauld-montbel"),
        ("Girard", "girard"), ("Nguyen-Dubois", "nguyen-dubois"), ("Perrin", "perrin"), ("L’Hôte", "lhote"),
        ("Roux", "roux"),
    ),
    "english": (
        ("Ashworth", "ashworth"), ("Bell", "bell"), ("Carrington-Smythe", "carrington-smythe"), ("O'Connor", "oconnor"),
        ("Hughes", "hughes"), ("Okonkwo-Reed", "okonkwo-reed"), ("Washington", "washington"), ("Young", "young"),
    ),
    "spanish": (
        ("García Márquez", "garcia-marquez"), ("Fernández de la Vega y Ortiz", "fernandez-de-la-vega"),
        ("López", "lopez"), ("Muñoz", "munoz"), ("Ibáñez", "ibanez"),
    ),
    "portuguese": (
        ("Albuquerque", "albuquerque"), ("dos Santos Nascimento", "dos-santos"), ("Gonçalves", "goncalves"),
        ("Magalhães", "magalhaes"),
    ),
    "japanese": (("佐藤", "sato"), ("鈴木", "suzuki"), ("高橋", "takahashi"), ("渡辺", "watanabe"), ("中村", "nakamura")),
    "chinese": (("王", "wang"), ("李", "li"), ("欧阳", "ouyang"), ("陈", "chen")),
    "arabic": (("الهاشمي", "al-hashimi"), ("بن سلمان", "bin-salman"), ("حداد", "haddad"), ("النجار", "al-najjar")),
    "hebrew": (("כהן", "cohen"), ("לוי", "levi"), ("בן־דוד", "ben-david")),
    "indian": (
        ("Subramaniam", "subramaniam"), ("Singh", "singh"), ("Krishnamurthy Raghunathan", "krishnamurthy"),
        ("Patel", "patel"), ("Iyer", "iyer"),
    ),
    "nordic": (
        ("Ødegård", "odegard"), ("Guðmundsdóttir", "gudmundsdottir"), ("Virtanen", "virtanen"), ("Sjöström", "sjostrom"),
    ),
    "slavic": (
        ("Wojciechowska", "wojciechowska"), ("Шевченко", "shevchenko"), ("Kovačević", "kovacevic"),
        ("Dvořák", "dvorak"), ("Brzęczyszczykiewicz", "brzeczyszczykiewicz"),
    ),
    "african": (("Adeyemi", "adeyemi"), ("Mensah", "mensah"), ("Nkosi", "nkosi"), ("Diop", "diop")),
    "greek": (("Παπαδόπουλος", "papadopoulos"), ("Oikonomou", "oikonomou")),
    "vietnamese": (("Nguyễn", "nguyen"), ("Trần", "tran"), ("Phạm", "pham")),
}  # fmt: skip

# Which names are common where, and what people there read.
PLACES: dict[str, tuple[tuple[str, ...], str]] = {
    "Paris": (("french", "french", "arabic", "african", "vietnamese", "greek"), "fr"),
    "Lyon": (("french", "french", "french", "spanish", "slavic"), "fr"),
    "London": (("english", "english", "indian", "slavic", "african", "hebrew"), "en"),
    "Chicago": (("english", "spanish", "african", "chinese", "nordic"), "en"),
    "Oslo": (("nordic", "nordic", "slavic", "arabic"), "en"),
    "São Paulo": (("portuguese", "portuguese", "japanese"), "en"),
    "Tokyo": (("japanese", "japanese", "chinese", "vietnamese"), "en"),
    "Dubai": (("arabic", "arabic", "indian", "hebrew"), "en"),
}
