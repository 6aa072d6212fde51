// What the store needs of a logger; pino's fits.

export interface StoreLog {
  info(detail: object, message: string): void
  warn(detail: object, message: string): void
  error(detail: object, message: string): void
}

export const silentLog: StoreLog = { info: () => undefined, warn: () => undefined, error: () => undefined }
