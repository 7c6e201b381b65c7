export { journalLine, journalPrefix, leadsToJournal, prioritized } from "./journal.ts";
export { lostVariables, serviceFacts } from "./service-facts.ts";
export { MARK, renderServiceUnit, renderSocketUnit, type ServiceFacts } from "./unit-files.ts";
