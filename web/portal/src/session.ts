/** The operator's token: from the address bar on first open, then for as long as the tab lives. */

const KEY = "chargewire.token";

/** Takes the token out of the URL fragment, if there is one, so that it is neither shown nor bookmarked. */
export function takeTokenFromFragment(): string | null {
  const text = /^#token=(.*)$/.exec(window.location.hash)?.[1];
  if (text === undefined) {
    return null;
  }
  history.replaceState(null, "", window.location.pathname + window.location.search);
  return text === "" ? null : decode(text);
}

export function loadToken(): string | null {
  return sessionStorage.getItem(KEY);
}

export function saveToken(token: string | null): void {
  if (token === null) {
    sessionStorage.removeItem(KEY);
  } else {
    sessionStorage.setItem(KEY, token);
  }
}

/** Percent-encoding is undone where there is any; a token with a bare "%" stays as it is. */
function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
