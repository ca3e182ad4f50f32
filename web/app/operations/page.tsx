import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Operations } from './operations';

export const metadata: Metadata = { title: 'Operations' };
export default function Page() {
  return <Suspense><Operations /></Suspense>; // it reads the address, which only a browser has
}
