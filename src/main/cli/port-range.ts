// Parses `--service-node-port-range`, kube-apiserver's flag.
import { UsageError } from '../process/usage-error.ts'

const MOST = 65_535

/** Accepts `30000-32767` and `30000+2767`. @returns the first and the last @throws UsageError */
export function parsePortRange(text: string): readonly [first: number, last: number] {
  const [, from = '', sign, to = ''] = /^(\d{1,5})([-+])(\d{1,5})$/.exec(text.trim()) ?? []
  const first = Number(from)
  const last = sign === '+' ? Math.min(first + Number(to), MOST) : Number(to)
  if (sign !== undefined && first >= 1 && first <= last && last <= MOST) return [first, last]
  throw new UsageError(
    `--service-node-port-range wants ports such as 30000-32767, the smaller first and none above ${MOST}, not ${JSON.stringify(text)}`,
  )
}
