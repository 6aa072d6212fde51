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

export const AgeText: FunctionalComponent<{ time: string | undefined }> = ({ time }) =>
  h(
    'time',
    { datetime: time, class: 'tabular-nums', onPointerenter: tellExactly },
    time ? humanSince(time, now.value) : '–',
  )
AgeText.props = ['time']
