/** Reason phrases of nginx's status lines (`ngx_http_status_lines`); it sends none for other statuses. */
const reasons: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Moved Temporarily",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  402: "Payment Required",
  403: "Forbidden",
  404: "Not Found",
  405: "Not Allowed",
  406: "Not Acceptable",
  408: "Request Time-out",
  409: "Conflict",
  410: "Gone",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Request Entity Too Large",
  414: "Request-URI Too Large",
  415: "Unsupported Media Type",
  416: "Requested Range Not Satisfiable",
  421: "Misdirected Request",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Temporarily Unavailable",
  504: "Gateway Time-out",
  505: "HTTP Version Not Supported",
  507: "Insufficient Storage",
};

/** Where the page's title is not the reason phrase. */
const titles: Readonly<Record<number, string>> = {
  302: "Found",
  401: "Authorization Required",
};

/** Statuses of nginx's own that are sent as 400, with what the page says. */
const explained: Readonly<Record<number, string>> = {
  494: "Request Header Or Cookie Too Large",
  495: "The SSL certificate error",
  496: "No required SSL certificate was sent",
  497: "The plain HTTP request was sent to HTTPS port",
};

/** nginx ends a client's connection after a response with one of these. */
export const closing: ReadonlySet<number> = new Set([400, 413, 414, 494, 495, 496, 497, 500, 501]);

export function reasonOf(status: number): string {
  return reasons[status] ?? "";
}

/** What the client is told for a status that only nginx knows. */
export function publicStatus(status: number): number {
  return explained[status] === undefined ? status : 400;
}

/** nginx's page for a status; undefined for those it has none for. */
export function pageOf(
  status: number,
  serverText: string,
  userAgent: string | undefined,
  padding: boolean,
): string | undefined {
  const shown = publicStatus(status);
  const reason = titles[shown] ?? reasons[shown];
  if (reason === undefined || shown < 300 || shown === 304) return undefined;
  const explanation = explained[status];
  const title = explanation ?? reason;
  const heading = `<center><h1>${shown} ${explanation === undefined ? reason : "Bad Request"}</h1></center>\r\n`;
  const more = explanation === undefined ? "" : `<center>${explanation}</center>\r\n`;
  const head = `<html>\r\n<head><title>${shown} ${title}</title></head>\r\n<body>\r\n`;
  const page = `${head}${heading}${more}<hr><center>${serverText}</center>\r\n</body>\r\n</html>\r\n`;
  return padding && shown >= 400 && isPadded(userAgent ?? "") ? page + padLine.repeat(6) : page;
}

const padLine = "<!-- a padding to disable MSIE and Chrome friendly error page -->\r\n";

/** nginx pads for MSIE and for Chrome (`ngx_http_process_user_agent`). */
function isPadded(userAgent: string): boolean {
  return /MSIE [4-9]\.|MSIE \d\d/.test(userAgent) ? !userAgent.includes("Opera") : userAgent.includes("Chrome/");
}
