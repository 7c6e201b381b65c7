/**
 * Where a block of Lua ends: behind the `}` that closes the one before `from`. OpenResty's directives that end in `_by_lua_block` have Lua in theirs, whose
 * braces in texts and comments close nothing.
 *
 * @returns undefined where the text ends first
 */
export function endOfLuaBlock(text: string, from: number): number | undefined {
  const pieces =
    /--\[(=*)\[[\s\S]*?\]\1\]|--[^\n]*|\[(=*)\[[\s\S]*?\]\2\]|"(?:\\[\s\S]|[^"\\])*"|'(?:\\[\s\S]|[^'\\])*'|[{}]/g;
  pieces.lastIndex = from;
  let depth = 1;
  for (let piece = pieces.exec(text); piece !== null; piece = pieces.exec(text)) {
    if (piece[0] === "{") depth += 1;
    else if (piece[0] === "}") depth -= 1;
    if (depth === 0) return pieces.lastIndex;
  }
  return undefined;
}
