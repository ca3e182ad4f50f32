'use client';
import { Button } from '@/ui/bits';

export default function Broken({ error, reset }: { error: Error; reset: () => void }) {
  return (
    <div role="alert" className="mx-auto max-w-lg py-16 text-center">
      <h1 className="text-xl font-semibold">This page broke</h1>
      <p className="mt-2 break-words text-muted">{error.message}</p>
      <p className="mt-2 text-sm text-muted">The program itself goes on; only what you look at failed.</p>
      <div className="mt-4"><Button tone="primary" onClick={reset}>Show it again</Button></div>
    </div>
  );
}
