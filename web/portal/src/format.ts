/** Numbers, times and durations as people read them. Pure; the locale is an argument where it matters. */

const MISSING = "–";

/** Energy in kWh, always with the same number of digits below a thousand so that live values do not jump. */
export function formatEnergy(wattHours: number | null): string {
  if (wattHours === null) {
    return MISSING;
  }
  const kilowattHours = wattHours / 1000;
  return kilowattHours.toFixed(Math.abs(kilowattHours) < 100 ? 3 : 1);
}

export function formatPower(watts: number | null): string {
  return watts === null ? MISSING : (watts / 1000).toFixed(Math.abs(watts) < 100_000 ? 2 : 1);
}

export function formatPercent(percent: number | null): string {
  return percent === null ? MISSING : String(Math.round(percent));
}

/** A span in the two largest units that matter: "42 s", "3 min 05 s", "2 h 07 min", "4 d 1 h". */
export function formatDuration(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) {
    return `${days} d ${hours % 24} h`;
  }
  if (hours > 0) {
    return `${hours} h ${pad(minutes % 60)} min`;
  }
  if (minutes > 0) {
    return `${minutes} min ${pad(seconds % 60)} s`;
  }
  return `${seconds} s`;
}

/** How long ago, coarsely: it is read at a glance and must not tick every second. */
export function formatAgo(at: string | null, now: number): string {
  if (at === null) {
    return "never";
  }
  const seconds = Math.floor((now - Date.parse(at)) / 1000);
  if (seconds < 10) {
    return "just now";
  }
  if (seconds < 60) {
    return `${Math.floor(seconds / 10) * 10} s ago`;
  }
  if (seconds < 3600) {
    return `${Math.floor(seconds / 60)} min ago`;
  }
  if (seconds < 86_400) {
    return `${Math.floor(seconds / 3600)} h ago`;
  }
  return `${Math.floor(seconds / 86_400)} d ago`;
}

export function formatDateTime(at: string | null, locale?: string): string {
  if (at === null) {
    return MISSING;
  }
  return new Intl.DateTimeFormat(locale, {
    year: "numeric",
    month: "short",
    day: "numeric",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  }).format(new Date(at));
}

/** Time of day with milliseconds, for the frame log. */
export function formatClock(at: string): string {
  const date = new Date(at);
  return `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}.${pad(date.getMilliseconds(), 3)}`;
}

/** "ocpp2.0.1" -> "OCPP 2.0.1". */
export function formatProtocol(protocol: string | null): string {
  return protocol === null ? "OCPP" : protocol.replace(/^ocpp/i, "OCPP ");
}

/** "SuspendedEV" -> "Suspended EV", "EVConnected" -> "EV connected", "PowerLoss" -> "Power loss". */
export function formatEnumeration(value: string): string {
  const words = value.replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2").replaceAll(/([A-Z]+)([A-Z][a-z])/g, "$1 $2");
  return words
    .split(" ")
    .map((word, index) => (index === 0 || /^[A-Z]{2,}$/.test(word) ? word : word.toLowerCase()))
    .join(" ");
}

function pad(value: number, width = 2): string {
  return String(value).padStart(width, "0");
}
