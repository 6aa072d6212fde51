// One change made to several objects, and told.
import { encodeJson } from '../../../shared/machinery/json-text.ts'
import { connection } from '../../api/connection.ts'
import type { ServedKind } from '../../api/discovery.ts'
import type { Row } from '../../api/sources.ts'
import { useToastStore } from '../../stores/toasts.ts'
import { asKubectl } from './as-kubectl.ts'
import { type MessageKey, t } from '../../i18n/i18n.ts'

export const refOf = ({ namespace, name }: Row) => ({ name, ...(namespace ? { namespace } : {}) })
export const count = (rows: readonly Row[], kind: string) =>
  rows.length === 1 ? `${kind} ${rows[0]?.name ?? ''}` : t('{n} objects of kind {kind}', { n: rows.length, kind })

/**
 * Does one thing to each row, a few at a time, and tells how it went.
 * @param command the same with kubectl, where no question told it
 */
export async function forEach(
  rows: readonly Row[],
  done: string,
  run: (row: Row) => Promise<unknown>,
  command?: string,
): Promise<void> {
  const toasts = useToastStore()
  const queue = [...rows]
  let failures = 0
  const worker = async () => {
    for (let row = queue.shift(); row; row = queue.shift())
      try {
        await run(row)
      } catch (error) {
        failures++
        toasts.failed(t('{name}: not done', { name: row.name }), error)
      }
  }
  await Promise.all(Array.from({ length: Math.min(6, rows.length) }, worker))
  if (failures < rows.length) toasts.done(failures ? t('{done} ({n} failed)', { done, n: failures }) : done, command)
}

/** Sets one field of the spec, such as `suspend`. */
export const setSpec = ({ type }: ServedKind, rows: readonly Row[], spec: object, done: MessageKey) =>
  forEach(
    rows,
    t(done, { things: count(rows, type.kind) }),
    row => connection.client.patch(type, refOf(row), { spec }, { type: 'merge' }),
    asKubectl('patch', type, rows, '--type=merge', `--patch=${encodeJson({ spec })}`),
  )
