// The panes of the window, and how keys get from one to another and back: F6, as everywhere.

/** In the order they are visited. */
const PANES = 'nav[data-kinds], #main, #main aside[role=dialog], section[data-dock]'
/** What of a pane takes the keys: where its rows, cards or tabs are walked. */
const ENTRANCES = [
  '[role=row][tabindex="0"]',
  '[role=treeitem][tabindex="0"]',
  '[data-card][tabindex="0"]',
  '[role=tab][tabindex="0"]',
  'a[href]',
]

const isShown = (element: HTMLElement) => element.offsetParent !== null || element.id === 'main'

/** Not one of a pane within it. */
const entranceOf = (pane: HTMLElement) =>
  ENTRANCES.flatMap(selector => [...pane.querySelectorAll<HTMLElement>(selector)]).find(
    element => element.closest(PANES) === pane,
  )

export function focusPane(pane: HTMLElement): void {
  ;(pane.matches('aside') ? pane : (entranceOf(pane) ?? pane)).focus()
}

/** The place itself, after a way to it: the next arrow key walks its rows. */
export const focusMain = (): void => document.querySelector<HTMLElement>('#main')?.focus()

/** What of the place takes the keys: its row, card or tab. */
export function enterMain(): void {
  const main = document.querySelector<HTMLElement>('#main')
  if (main) focusPane(main)
}

/** @param step -1 = the pane before */
export function focusNextPane(step: 1 | -1): void {
  const panes = [...document.querySelectorAll<HTMLElement>(PANES)].filter(isShown)
  const current = document.activeElement?.closest<HTMLElement>(PANES)
  const at = current ? panes.indexOf(current) : step < 0 ? 0 : -1
  const next = panes[(at + step + panes.length) % panes.length]
  if (next) focusPane(next)
}
