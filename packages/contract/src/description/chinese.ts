import type { RequestTexts } from "./english.ts";
import type { GenerationRecord, PickCandidate, PickReason } from "../request-record.ts";

const sources: Readonly<Record<GenerationRecord["source"], string>> = {
  slot: "原槽位",
  copy: "另一个槽位",
  snapshot: "快照",
  nothing: "无",
};

const states: Readonly<Record<PickCandidate["state"], string>> = {
  free: "可用",
  full: "已满",
  "not-ready": "未就绪",
  tried: "已试过",
  "stands-by": "待命",
  failing: "故障中",
};

const ends: Readonly<Record<string, string>> = {
  stop: "正常结束",
  length: "达到词元上限",
  tool_calls: "调用工具",
  cancelled: "客户端取消",
  failed: "失败",
};

/** The most usual ones; others are shown as they are. */
const errors: Readonly<Record<string, string>> = {
  "it closed the connection in the middle of its response": "响应中途连接断开",
  "it closed the connection before its response": "响应之前连接断开",
  "it was silent for too long": "长时间没有响应",
};

const RULE = "the rule of ";

const reasons: Readonly<Record<Exclude<PickReason, `${typeof RULE}${string}`>, string>> = {
  "no other one could take it": "没有其他可用的工作进程",
  "its estimated time is the shortest": "预计用时最短",
  "it has the fewest requests for its weight": "按权重计算，它的请求最少",
  "it has as few requests as others, and holds the longest beginning of the prompt":
    "请求数与其他同样少，并且保留着提示词最长的开头部分",
  "its turn among those with the fewest requests": "在请求最少的几个中轮到它",
  "its client holds fewer slots than its share, and here one is taken for it from another client":
    "它的客户端占用的槽位少于应得份额，这里从其他客户端让出一个给它",
};

/** The texts of `describeRequest` in Chinese. */
export const chinese: RequestTexts = {
  duration: (ms) => (ms < 10_000 ? `${Math.round(10 * ms) / 10} 毫秒` : `${Math.round(ms / 100) / 10} 秒`),
  withKey: (client, key) => `${client}（密钥 ${key}）`,
  asked: (request, who, time) => `${request}，来自 ${who}，${time}`,
  ended: (status, time, mode) => `状态码 ${status}，用时 ${time}，${mode === "stream" ? "流式返回" : "一次性返回"}`,
  theModel: "模型",
  promptTokens: (model, all, cached) => `${model}：提示词 ${all} 个词元，其中 ${cached} 个来自缓存`,
  generatedTokens: (all, thinking) => `；生成 ${all} 个词元，其中思考 ${thinking} 个`,
  firstToken: (time) => `，首个词元 ${time}`,
  eachToken: (time) => `，平均每个 ${time}`,
  endedBy: (finish) => `；结束原因：${finish === undefined ? "未知" : (ends[finish] ?? finish)}`,
  queue: (time) => `排队：${time}`,
  given: (upstream, policy, why) => `按 ${policy} 策略分给 ${upstream}：${why}`,
  reason: (why) =>
    why.startsWith(RULE) ? `按 ${why.slice(RULE.length)} 的规则` : reasons[why as keyof typeof reasons],
  state: (state) => states[state],
  running: (active) => `${active} 个请求`,
  busy: (active, slots) => `${active} / ${slots} 个槽位占用`,
  weight: (weight) => `，权重 ${weight}`,
  holds: (characters) => `，保留着提示词的 ${characters} 个字符`,
  wouldTake: (seconds) => `，预计用时 ${seconds} 秒`,
  candidate: (upstream, rest) => `${upstream}：${rest}`,
  comma: "，",
  sent: (how, upstream, time) =>
    `${time}时${how === "resumed" ? `由 ${upstream} 接续` : how === "first" ? `发给 ${upstream}` : `重新发给 ${upstream}`}：`,
  noResponse: "没有响应",
  responded: (status, time) => `${time}后返回 ${status ?? "（无状态码）"}`,
  brokeOff: (error) => `，中断：${errors[error] ?? error}`,
  slot: (slot, time, waited) => `${time}时进入槽位 ${slot}，在工作进程内等待了 ${waited}；`,
  known: (tokens, source) =>
    source === "nothing" ? "提示词没有命中缓存" : `提示词中 ${tokens} 个词元来自${sources[source]}`,
  pieces: (count, sizes) => `提示词分 ${count} 段读取，各段词元数：${sizes}`,
  tokensFrom: (first, last) => `生成时间：${first} 到 ${last}`,
  steps: (sizes) => `参与的计算步（按每步序列数）：${sizes}`,
  stepsOf: (count, size) => `${size} 个序列 × ${count} 步`,
};
