import type { TryGrammar } from "../generation/vet-grammar.ts";
import type { Logger } from "pino";
import type { RequestReport } from "@drover/contract/request-report";
import type { Clock } from "@drover/foundation/clock";
import type { Embedder, ModelDescription, TextKind, Vocabulary } from "../engine/engine.ts";
import type { JournalSettings } from "../state/response-journal.ts";
import type { Generator } from "../generation-contract.ts";
import type { SlotsView } from "../slots/slots-view.ts";

/** What the HTTP side needs of the rest of the worker. */
export interface ServerParts {
  readonly generator: Generator;
  readonly vocabulary: Vocabulary;
  /** Tokenizes texts of which this process could die in another one. */
  readonly tokenizeApart?: (text: string, kind: TextKind) => Promise<readonly number[]>;
  readonly tryGrammar?: TryGrammar;
  readonly model: ModelDescription;
  readonly slots: SlotsView;
  /** Told how each request went that the balancer has named. */
  readonly onReport?: (report: RequestReport) => void;
  /** Absent: `/v1/embeddings` says that the model was not loaded for it. */
  readonly embedder?: Embedder;
  /** Where set, each request must carry it in SECRET_HEADER. */
  readonly secret?: string;
  readonly logger: Logger;
  readonly clock: Clock;
  /** What becomes of parameters that are not known, and of hints that can't be followed. @default "ignore" */
  readonly unknownParameters?: "ignore" | "refuse";
  /** Tokens that one request may ask for, over all of its choices or inputs. @default no limit */
  readonly mostRequestTokens?: number;
  /** Where responses are written down for a successor of this worker. Absent: they end with it. */
  readonly journals?: JournalSettings;
  /** 32 random bits, for seeds that the client leaves to us. */
  readonly randomSeed: () => number;
}
