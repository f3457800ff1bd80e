export { live, watched } from './socket/live.svelte';
export type { Connection, PreviewWatcher, Watcher } from './socket/client';
export type { EventFrame, LiveProblem, StateFrame, StateOf, Topic } from './socket/protocol';
