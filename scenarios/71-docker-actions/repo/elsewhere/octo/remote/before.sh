#!/bin/sh
echo "pre of remote"
