// Keeps the computer from going to sleep by itself while the cluster runs and the user wants that.
import { powerSaveBlocker } from 'electron'

export interface KeepAwake extends Disposable {
  set(on: boolean): void
}

export function createKeepAwake(): KeepAwake {
  let id: number | undefined
  function set(on: boolean): void {
    if (on === (id !== undefined)) return
    if (id === undefined) id = powerSaveBlocker.start('prevent-app-suspension')
    else {
      powerSaveBlocker.stop(id)
      id = undefined
    }
  }
  return { set, [Symbol.dispose]: () => set(false) }
}
