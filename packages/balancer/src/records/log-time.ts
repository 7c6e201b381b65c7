const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `22/Nov/2026:15:19:55 +0000`, local time. */
export function logTime(ms: number): string {
  const date = new Date(ms);
  const day = `${two(date.getDate())}/${months[date.getMonth()]}/${date.getFullYear()}`;
  return `${day}:${clockTime(date)} ${offset(date).replace(":", "")}`;
}

/** `2026-11-22T15:19:55+00:00`, local time. */
export function isoTime(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}T${clockTime(date)}${offset(date)}`;
}

/** `2026/11/22 15:19:55`, as at the start of a line of nginx's error log. */
export function errorTime(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}/${two(date.getMonth() + 1)}/${two(date.getDate())} ${clockTime(date)}`;
}

/** Seconds with three decimals: `0.042`. */
export function seconds(ms: number): string {
  return (Math.max(0, Math.floor(ms)) / 1000).toFixed(3);
}

function clockTime(date: Date): string {
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

function offset(date: Date): string {
  const minutes = -date.getTimezoneOffset();
  const size = Math.abs(minutes);
  return `${minutes < 0 ? "-" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, "0");
}
