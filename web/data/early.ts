// What a page surely asks for is asked by a small script in its HTML, while its own scripts are still
// on their way; the first question for the same path then takes that answer.

const DEADLINE_MS = 12_000;
const FRESH_MS = 5000; // what waited longer than that is asked again

type Came = { res: Response; at: number };
declare global {
  interface Window {
    early?: Record<string, Promise<Came | null>>;
  }
}

export const earlyScript = (paths: readonly string[]) =>
  `window.early={};for(const p of ${JSON.stringify(paths)})early[p]=fetch(p,{credentials:'same-origin',cache:'no-store',` +
  `headers:{Accept:'application/json'},signal:AbortSignal.timeout(${DEADLINE_MS})}).then(res=>({res,at:Date.now()})).catch(()=>null)`;

/** The answer that was asked for early, once; null: there is none, or none that is still good. */
export async function takeEarly(path: string): Promise<Came | null> {
  const asked = window.early?.[path];
  if (!asked) return null;
  delete window.early?.[path];
  const came = await asked;
  return came && Date.now() - came.at < FRESH_MS ? came : null;
}
