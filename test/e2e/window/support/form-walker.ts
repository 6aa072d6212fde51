// Walks a form as somebody would who leaves nothing out: opens every field that it offers by a button, adds an entry to
// every list and map, fills every control, and remembers what was typed where.
import type { Page } from 'playwright-core'

/** What is entered where, '' for nothing at all; the first that fits the field's path counts. */
export type Wishes = readonly (readonly [path: RegExp, value: string])[]

/**
 * Runs in the page. Presses the next button that adds a field or an entry, each once, also those that came meanwhile. As
 * a button is drawn anew after it was pressed, it is told by what it stands in and what it says.
 */
const PRESS_NEXT = `(form, except) => {
  form.pressed ??= new WeakMap()
  for (const button of form.querySelectorAll('button:has(.lucide-plus)')) {
    const pressed = form.pressed.get(button.parentElement) ?? new Set()
    form.pressed.set(button.parentElement, pressed)
    if (pressed.has(button.innerText) || except.includes(button.innerText)) continue
    pressed.add(button.innerText)
    button.click()
    return true
  }
  return false
}`
interface Control {
  readonly path: string
  /** Of a choice. */
  readonly options: readonly string[] | null
  readonly isNumber: boolean
  /** The object has it in base64. */
  readonly isHidden: boolean
  readonly shown: string
}
const DESCRIBE = `form => [...form.querySelectorAll('[name]:is(input, select, textarea)')].map(
  ({ name, value, options, inputMode, type }) => ({
    path: name,
    options: options ? [...options].map(option => option.value) : null,
    isNumber: inputMode === 'numeric',
    isHidden: type === 'password',
    shown: type === 'password' ? btoa(value) : value,
  }),
)`
/** A key that any map takes: of labels, of resources. */
const KEY = 'memory'

const runIn = <Result>(page: Page, form: string, what: string, ...args: unknown[]): Promise<Result> =>
  page.evaluate(`(${what})(document.querySelector(${JSON.stringify(form)}), ...${JSON.stringify(args)})`)

/**
 * @param form a selector of what holds the fields
 * @param except fields that are not opened
 * @returns what was typed, as the object has it, by the path of its field
 */
export async function fillAll(
  page: Page,
  form: string,
  wishes: Wishes,
  except: readonly string[] = [],
): Promise<ReadonlyMap<string, string>> {
  for (let isMore = true; isMore; isMore = await runIn<boolean>(page, form, PRESS_NEXT, except)) {
    const key = page.locator(form).getByLabel('New key')
    if ((await key.count()) === 0) continue
    await key.fill(KEY)
    await key.press('Tab')
  }
  const typed = new Map<string, string>()
  for (const { path, options, isNumber, isHidden, shown } of await runIn<Control[]>(page, form, DESCRIBE)) {
    const control = page.locator(`${form} [name="${path}"]`)
    const wish = wishes.find(([pattern]) => pattern.test(path))?.[1]
    const value = wish ?? (options ? shown || options.find(Boolean) : isNumber ? '3' : `text-${typed.size}`)
    if (!value) continue
    if (options) await control.selectOption(value)
    else await control.fill(value)
    typed.set(path, isHidden ? btoa(value) : value)
  }
  return typed
}

/** What the form shows, as the object has it, by the path of its field. */
export const shownIn = async (page: Page, form: string): Promise<Map<string, string>> =>
  new Map((await runIn<Control[]>(page, form, DESCRIBE)).map(({ path, shown }) => [path, shown]))

/** Every plain value of an object by its path, as the form names its fields. */
export function valuesOf(value: unknown, path = ''): Map<string, string> {
  if (typeof value !== 'object' || value === null) return new Map([[path, String(value)]])
  const inner = Array.isArray(value)
    ? value.map((each, index) => [`${path}[${index}]`, each as unknown] as const)
    : Object.entries(value).map(([key, each]) => [path ? `${path}.${key}` : key, each as unknown] as const)
  return new Map(inner.flatMap(([at, each]) => [...valuesOf(each, at)]))
}
