export { journalLine, journalPrefix, leadsToJournal, prioritized } from "./journal.ts";
export { type LookUp, type ServiceAccount, whyUnreadable } from "./readable.ts";
export { lostSettings, serviceFacts } from "./service-facts.ts";
export { MARK, renderServiceUnit, renderSocketUnit, type ServiceFacts } from "./unit-files.ts";
