// Talks to the server of this page. Ids go out, never paths.

export class ServerError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function answer(response) {
  const data = response.headers.get("content-type")?.startsWith("application/json")
    ? await response.json()
    : { error: await response.text() };
  if (!response.ok) throw new ServerError(response.status, data.error || response.statusText);
  return data;
}

export async function get(path, params = {}) {
  const query = new URLSearchParams(params).toString();
  return answer(await fetch(query ? `${path}?${query}` : path));
}

export async function post(path, body = {}) {
  return answer(
    await fetch(path, {
      method: "POST",
      headers: { "content-type": "application/json", "x-facesort": "1" },
      body: JSON.stringify(body),
    }),
  );
}

/** Exchange the token of the address for a cookie; it then leaves the address and the history. */
export async function openSession() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) {
    history.replaceState(null, "", location.pathname);
    await post("/api/session", { token });
  }
}

export const faceUrl = (id) => `/face/${id}.jpg`;
/** What a person is known by: the face ``id``, or without one a photo of the examples. */
export const coverUrl = (folder, id) => (id ? faceUrl(id) : `/example.jpg?of=${encodeURIComponent(folder)}`);

/** Server-sent events; the browser connects again by itself. */
export function listen(onEvent, onLost) {
  const source = new EventSource("/api/events");
  source.onmessage = (message) => onEvent(JSON.parse(message.data));
  source.onerror = onLost;
}
