// What whatever was thrown says, without the name of its class.

export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
