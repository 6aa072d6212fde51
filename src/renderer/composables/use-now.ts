// The time, moving once a second for everything on screen together; nothing runs while nobody looks.
import { type Ref, ref } from 'vue'

const now = ref(Date.now())
let timer: ReturnType<typeof setInterval> | undefined

const tick = () => (now.value = Date.now())
function follow() {
  clearInterval(timer)
  if (document.hidden) return
  tick()
  timer = setInterval(tick, 1_000)
}
if (typeof document !== 'undefined') {
  document.addEventListener('visibilitychange', follow)
  follow()
}

/** @returns milliseconds since the epoch, updated every second */
export const useNow = (): Readonly<Ref<number>> => now
