// Whether the server has another window by now than the one that runs here, as after an upgrade: the names of its parts
// are made of their content, so that those of this one are gone.

const MOST_MS = 5000

/** The program that a page begins with. */
const programOf = (page: Document): string | null =>
  page.querySelector('script[type=module][src]')?.getAttribute('src') ?? null

/** @returns false also where nothing is known, since the server does not answer */
export async function isNewerServed(): Promise<boolean> {
  const own = programOf(document)
  try {
    const answer = await fetch(import.meta.env.BASE_URL, { cache: 'no-store', signal: AbortSignal.timeout(MOST_MS) })
    if (!answer.ok) return false
    const theirs = programOf(new DOMParser().parseFromString(await answer.text(), 'text/html'))
    return own !== null && theirs !== null && own !== theirs
  } catch {
    return false
  }
}
