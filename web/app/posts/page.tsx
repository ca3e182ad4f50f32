import type { Metadata } from 'next';
import { Suspense } from 'react';
import { Posts } from './posts';

export const metadata: Metadata = { title: 'Posts' };
export default function Page() {
  return <Suspense><Posts /></Suspense>; // it reads the address, which only a browser has
}
