// How wide the drawer is: a list stands beside it with all that tells a row, or not at all.
import { expect, it } from 'vitest'
import { besideDrawer, drawerWidth } from '@/drawer/drawer-width.ts'

/** @param place px of what `100%` is of */
function pxOf(css: string, place: number): number {
  const sum = css
    .replaceAll('100%', String(place))
    .replaceAll('px', '')
    .replaceAll(/\b(?=max|min)/g, 'Math.')
  return Number(new Function(`return ${sum}`)())
}
const CHOSEN = 680

it.each([
  ['a wide place', 2_200, 680, 680],
  ['a place with room for a list that tells names and states', 1_020, 580, 580],
  ['a narrow one: it lies over all of it', 744, 744, 0],
  ['one narrower than itself', 400, 400, 0],
])('in %s', (_what, place, width, beside) => {
  expect(pxOf(drawerWidth(CHOSEN), place)).toBe(width)
  expect(pxOf(besideDrawer(CHOSEN), place)).toBe(beside)
})
