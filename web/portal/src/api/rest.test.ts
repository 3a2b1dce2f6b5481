import { afterEach, expect, test, vi } from "vitest";
import { ApiError, Rest } from "./rest";

afterEach(() => vi.unstubAllGlobals());

/** Answers requests one after the other, and keeps what was asked. */
function answering(...answers: { status?: number; body: unknown }[]) {
  const asked: { url: string; init: RequestInit }[] = [];
  vi.stubGlobal("fetch", async (url: string, init: RequestInit) => {
    asked.push({ url, init });
    const { status = 200, body } = answers[asked.length - 1] ?? { status: 500, body: {} };
    return new Response(typeof body === "string" ? body : JSON.stringify(body), { status });
  });
  return asked;
}

test("the token goes with every request", async () => {
  const asked = answering({ body: { items: [], next: null } });
  await new Rest("secret").listStations({ limit: 1 });
  expect(asked[0]?.url).toBe("/api/v1/stations?limit=1");
  expect(asked[0]?.init.headers).toMatchObject({ Authorization: "Bearer secret" });
});

test("all stations are all pages", async () => {
  const asked = answering({ body: { items: ["a", "b"], next: "b+1" } }, { body: { items: ["c"], next: null } });
  expect(await new Rest("secret").allStations()).toEqual(["a", "b", "c"]);
  expect(asked[1]?.url).toBe("/api/v1/stations?limit=200&cursor=b%2B1");
});

test("filters of transactions stay on every page", async () => {
  const asked = answering({ body: { items: [], next: "2" } }, { body: { items: [], next: null } });
  await new Rest("secret").openTransactions("CP/1");
  expect(asked.map(({ url }) => url)).toEqual([
    "/api/v1/transactions?station=CP%2F1&state=open&limit=200",
    "/api/v1/transactions?station=CP%2F1&state=open&limit=200&cursor=2",
  ]);
});

test("an identity is escaped in its path", async () => {
  const asked = answering({ body: {} });
  await new Rest("secret").setRegistration("DE*1/2", "Accepted");
  expect(asked[0]?.url).toBe("/api/v1/stations/DE*1%2F2");
  expect(asked[0]?.init).toMatchObject({ method: "PATCH", body: '{"registration":"Accepted"}' });
});

test("a problem is told with its fields", async () => {
  answering({ status: 422, body: { detail: "Two faults.", errors: [{ field: "limit", message: "is too big" }] } });
  await expect(new Rest("secret").listStations()).rejects.toEqual(new ApiError(422, "Two faults. · limit: is too big"));
});

test("an answer that is no problem+json is told by its status", async () => {
  answering({ status: 502, body: "<html>" });
  await expect(new Rest("secret").listStations()).rejects.toThrow("The server answered HTTP 502.");
});

test("a refused token is told to the session", async () => {
  answering({ status: 401, body: { detail: "The token is not the one of this service." } });
  const onUnauthorized = vi.fn();
  await expect(new Rest("wrong", onUnauthorized).listStations()).rejects.toMatchObject({ status: 401 });
  expect(onUnauthorized).toHaveBeenCalledOnce();
});

test("a server that does not answer is told in words", async () => {
  vi.stubGlobal("fetch", async () => {
    throw new TypeError("Failed to fetch");
  });
  await expect(new Rest("secret").listStations()).rejects.toMatchObject({ status: 0 });
});
