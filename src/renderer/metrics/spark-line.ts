// The last minutes as a line without axes.
import { type VNode, h } from 'vue'

const WIDTH = 30
const HEIGHT = 16
const FRAME = { width: WIDTH, height: HEIGHT, class: 'shrink-0 overflow-visible', 'aria-hidden': 'true' }

export function sparkLine(values: readonly number[]): VNode {
  if (values.length < 2) return h('svg', FRAME)
  // What hardly changes runs along the middle: at the top it would look as if there were no more to have.
  const top = Math.max(...values, 2 * Math.min(...values), Number.MIN_VALUE)
  const step = WIDTH / (values.length - 1)
  const points = values
    .map((value, index) => `${(index * step).toFixed(1)},${(HEIGHT - 1 - (value / top) * (HEIGHT - 3)).toFixed(1)}`)
    .join(' ')
  return h('svg', FRAME, [
    h('polygon', { points: `0,${HEIGHT} ${points} ${WIDTH},${HEIGHT}`, class: 'fill-accent/12' }),
    h('polyline', {
      points,
      class: 'fill-none stroke-accent',
      'stroke-width': '1.25',
      'stroke-linejoin': 'round',
    }),
  ])
}
