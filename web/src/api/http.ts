/**
 * Requests to the cluster: one place that knows the base path, the token and how an error looks. It knows no resource.
 */
import { signal } from '@preact/signals';
import { Fields } from './fields';

/** Every path of the API begins with this; the page may itself be served below another path. */
export const BASE = 'v1';

const TOKEN_KEY = 'wasmill.token';

/** Set when the cluster has asked for a token; the shell then asks the user. */
export const tokenWanted = signal(false);

let token: string | null = readToken();

function readToken(): string | null {
  try {
    return sessionStorage.getItem(TOKEN_KEY);
  } catch {
    return null;
  }
}

/** Uses this token from now on, in this tab only. */
export function setToken(value: string): void {
  token = value;
  try {
    sessionStorage.setItem(TOKEN_KEY, value);
  } catch {
    // A browser that keeps nothing still has the variable.
  }
  tokenWanted.value = false;
}

/** What the cluster said when it refused. */
export class ApiError extends Error {
  constructor(
    /** HTTP status; 0 if there was no answer. */
    readonly status: number,
    readonly errors: readonly string[],
  ) {
    super(errors.join('; '));
    this.name = 'ApiError';
  }
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export function headers(): Record<string, string> {
  const all: Record<string, string> = { 'X-Requested-With': 'wasmill' };
  if (token !== null) all['Authorization'] = `Bearer ${token}`;
  return all;
}

/** The words of an answer that is no success. */
export async function refusal(response: Response): Promise<ApiError> {
  if (response.status === 401) tokenWanted.value = true;
  const text = await response.text();
  try {
    const errors = new Fields(JSON.parse(text)).texts('errors');
    if (errors.length > 0) return new ApiError(response.status, errors);
  } catch {
    // Not JSON: the text itself is the best there is.
  }
  return new ApiError(response.status, [text.trim().slice(0, 500) || `${response.status} ${response.statusText}`]);
}

async function answerText(path: string, init: RequestInit): Promise<string> {
  let response: Response;
  try {
    response = await fetch(`${BASE}${path}`, { cache: 'no-store', ...init });
  } catch (error) {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, ['the cluster does not answer']);
  }
  if (!response.ok) throw await refusal(response);
  return response.text();
}

async function answer(path: string, init: RequestInit): Promise<unknown> {
  const text = await answerText(path, init);
  return text === '' ? {} : (JSON.parse(text) as unknown);
}

/** Reads a resource that is plain text. */
export function getText(path: string, abort?: AbortSignal): Promise<string> {
  return answerText(path, { headers: headers(), signal: abort ?? null });
}

/** Reads a resource. */
export function get(path: string, abort?: AbortSignal): Promise<unknown> {
  return answer(path, { headers: headers(), signal: abort ?? null });
}

/** Reads a resource whose fields are wanted. */
export async function getFields(path: string, abort?: AbortSignal): Promise<Fields> {
  return new Fields(await get(path, abort));
}

/** Changes something. */
export async function send(method: Method, path: string, body?: unknown): Promise<Fields> {
  const init: RequestInit = { method, headers: headers() };
  if (body !== undefined) {
    init.body = JSON.stringify(body);
    init.headers = { ...headers(), 'Content-Type': 'application/json' };
  }
  return new Fields(await answer(path, init));
}

/** Sends a file, telling how far it is (0 to 1). `fetch` cannot tell, so this is an XMLHttpRequest. */
export function upload(path: string, file: File, field: string, progress: (share: number) => void): Promise<Fields> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `${BASE}${path}`);
    for (const [name, value] of Object.entries(headers())) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => progress(event.total > 0 ? event.loaded / event.total : 0);
    request.onerror = () => reject(new ApiError(0, ['the cluster does not answer']));
    request.onload = () => {
      const response = new Response(request.responseText, { status: request.status });
      if (response.ok) response.json().then((json) => resolve(new Fields(json)), reject);
      else refusal(response).then(reject, reject);
    };
    const form = new FormData();
    form.append(field, file, file.name);
    request.send(form);
  });
}

/** Part of a path, escaped. */
export function part(text: string): string {
  return encodeURIComponent(text);
}
