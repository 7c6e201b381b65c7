import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

interface Value {
  readonly stringValue?: string;
  readonly intValue?: number;
  readonly doubleValue?: number;
}

/** As OTLP's JSON has it. */
export interface Span {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly startTimeUnixNano: string;
  readonly endTimeUnixNano: string;
  readonly attributes: readonly { readonly key: string; readonly value: Value }[];
}

interface Export {
  readonly resourceSpans: readonly { readonly scopeSpans: readonly { readonly spans: readonly Span[] }[] }[];
}

/** A collector of traces by OTLP over HTTP. */
export class TraceCollector {
  readonly spans: Span[] = [];
  /** Methods and paths of what was sent to it. */
  readonly paths = new Set<string>();
  readonly #server = createServer((request, response) => void this.#collect(request, response));

  /** Resolves with its URL. */
  async listen(): Promise<string> {
    await once(this.#server.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.close().closeAllConnections();
  }

  /** Spans below this one. */
  below(root: Span): readonly Span[] {
    return this.spans.filter(({ parentSpanId }) => parentSpanId === root.spanId);
  }

  async #collect(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.paths.add(`${request.method} ${request.url}`);
    const { resourceSpans } = JSON.parse(await text(request)) as Export;
    this.spans.push(...resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));
    response.setHeader("content-type", "application/json").end("{}");
  }
}

export function attributeOf({ attributes }: Span, name: string): string | number | undefined {
  const value = attributes.find(({ key }) => key === name)?.value;
  return value?.stringValue ?? value?.intValue ?? value?.doubleValue;
}
