// What the build and the preload add to the global scope.
import type { DesktopBridge } from '../preload/channels.ts'

declare global {
  interface Window {
    /** Present in the desktop app only; in a browser the window has no more than the web gives. */
    readonly flotilla?: DesktopBridge
  }
}
