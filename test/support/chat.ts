/** One plain chat through a drover. */
export async function chat(
  url: string,
  tokens: number,
): Promise<{ readonly status: number; readonly tokens: number | undefined; readonly headers: Headers }> {
  const response = await fetch(`${url}/v1/chat/completions`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ max_tokens: tokens, messages: [{ role: "user", content: "hello" }] }),
  });
  const body = (await response.json()) as { readonly usage?: { readonly completion_tokens: number } };
  return { status: response.status, tokens: body.usage?.completion_tokens, headers: response.headers };
}
