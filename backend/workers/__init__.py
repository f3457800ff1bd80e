"""Background processes: the sequencer, the reconciler, arq jobs and cron."""
