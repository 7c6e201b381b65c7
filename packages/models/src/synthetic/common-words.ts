/** Frequent English words, most frequent first. */
export const COMMON_WORDS: readonly string[] = (
  "the of and to in is for that it on as with are be this you we not an model one can how what has from all more will " +
  "at or have by was but they which their there if about other would when up out do some so her like him into time " +
  "no just my than your who people now only its over think also back after use two our work first well way even new " +
  "want because any these give day most us answer question number machine server memory token language write text file " +
  "please explain where does make could each point between through state small large system world year good know take see " +
  "look come great part long little own right too still such should old place while never last another same need house " +
  "under might hand high keep find here thing many then them were been had said did get may down call water find very"
).split(" ");

/** Frequent Chinese characters, most frequent first; all in the basic plane, so one UTF-16 unit each. */
export const COMMON_CHARACTERS: readonly string[] =
  "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运".split(
    "",
  );
