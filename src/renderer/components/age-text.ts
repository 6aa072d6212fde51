// How long ago something was, as kubectl prints it, growing by itself.
import { type FunctionalComponent, h } from 'vue'
import { humanSince } from '../../shared/machinery/human-duration.ts'
import { formatDateTime } from '../i18n/i18n.ts'
import { useNow } from '../composables/use-now.ts'

const now = useNow()
/** Lists have hundreds: when it was exactly is worked out for the one pointed at. */
function tellExactly({ currentTarget }: PointerEvent) {
  const element = currentTarget as HTMLTimeElement
  if (element.dateTime) element.title = formatDateTime(element.dateTime)
}

/** `3m20s` → `3m`. */
const largestUnit = (duration: string) => /^\d+[a-z]+/.exec(duration)?.[0] ?? duration

/** @param brief where there is little room: the largest unit alone */
export const AgeText: FunctionalComponent<{ time: string | undefined; brief?: boolean }> = ({ time, brief }) => {
  const age = time ? humanSince(time, now.value) : '–'
  const attributes = { datetime: time, class: 'tabular-nums', onPointerenter: tellExactly }
  return h('time', attributes, brief ? largestUnit(age) : age)
}
AgeText.props = { time: String, brief: Boolean }
