import {
  type ListenerModel,
  type LocationModel,
  type NginxModel,
  type ServerModel,
  serversAt,
  serversOf,
  type UpstreamGroupModel,
} from "../model/model.ts";

/** What `drover.yaml` can say of a configuration: one server's way to one group. */
export interface MainRoute {
  readonly server: ServerModel;
  readonly location: LocationModel;
  readonly group: UpstreamGroupModel;
  readonly scheme: "http" | "https";
  /** Where the server listens; with TLS alone, where it listens both ways. */
  readonly listeners: readonly ListenerModel[];
}

/** The location that passes requests on to the largest group, best one that clients may ask for; `/` and shorter ones before others. */
export function mainRoute(model: NginxModel): MainRoute | undefined {
  const found = serversOf(model).flatMap((server) =>
    server.locations.flatMap(({ value }) => {
      if (value.proxy?.kind !== "fixed") return [];
      const { group: key, scheme } = value.proxy.target;
      const group = model.upstreams.get(key);
      return group === undefined ? [] : [{ server, location: value, group, scheme }];
    }),
  );
  const rank = ({ location, group }: (typeof found)[number]): number =>
    group.servers.length * 2 + (location.name === "/" ? 1 : 0) - (location.internal ? 1e6 : 0);
  const [best] = found.toSorted((a, b) => rank(b) - rank(a) || a.location.name.length - b.location.name.length);
  return best === undefined ? undefined : { ...best, listeners: listenersOf(best.server, model) };
}

function listenersOf(server: ServerModel, { listeners }: NginxModel): readonly ListenerModel[] {
  const own = listeners.filter((listener) => serversAt(listener).includes(server));
  const secure = own.filter(({ otherwise }) => otherwise.tls);
  return secure.length > 0 ? secure : own;
}
